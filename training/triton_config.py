"""A model's ``config.pbtxt``, written from its manifest so that the two cannot differ."""

from __future__ import annotations

from streams.inference.declared import Declared, Tensor

FREE = 128
"""What a free dimension is while a model is warmed up."""

_TEMPLATE = """\
# Written by training/triton_config.py from model.toml. The stock Triton image serves it with its own
# onnxruntime backend, the embedded stack with a python-based backend of the same name.
name: "{name}"
backend: "onnxruntime"
max_batch_size: {max_batch}
input [
{inputs}
]
output [
{outputs}
]
version_policy {{ specific {{ versions: [ {version} ] }} }}
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
dynamic_batching {{
  preferred_batch_size: [ {preferred} ]
  max_queue_delay_microseconds: 500
  default_queue_policy {{
    timeout_action: REJECT
    default_timeout_microseconds: 1500000
    allow_timeout_override: true
    max_queue_size: 512
  }}
}}
parameters {{ key: "intra_op_thread_count" value {{ string_value: "1" }} }}
parameters {{ key: "inter_op_thread_count" value {{ string_value: "1" }} }}
model_warmup [
  {{
    name: "one row"
    batch_size: 1
{warmup}
  }},
  {{
    name: "a batch"
    batch_size: {quarter}
{warmup}
  }}
]
"""


def config_of(spec: Declared) -> str:
    """Return the text of ``config.pbtxt``; one version, dynamic batching, a queue that rejects instead of growing."""
    most = spec.max_batch
    return _TEMPLATE.format(
        name=spec.name,
        max_batch=most,
        preferred=", ".join(str(max(1, most // part)) for part in (4, 2, 1)),
        quarter=max(1, most // 4),
        inputs=",\n".join(_tensor(t) for t in spec.tensors),
        outputs=",\n".join(_tensor(t) for t in spec.answers),
        version=spec.version,
        warmup="\n".join(_warmup(t) for t in spec.tensors),
    )


def _dims(tensor: Tensor) -> str:
    return ", ".join(str(n) for n in tensor.shape)


def _tensor(tensor: Tensor) -> str:
    return f'  {{ name: "{tensor.name}" data_type: TYPE_{tensor.dtype} dims: [ {_dims(tensor)} ] }}'


def _warmup(tensor: Tensor) -> str:
    dims = ", ".join(str(n if n >= 0 else FREE) for n in tensor.shape)
    value = f"{{ data_type: TYPE_{tensor.dtype} dims: [ {dims} ] zero_data: true }}"
    return f'    inputs {{ key: "{tensor.name}" value {value} }}'
