"""Golden cases: invented patients with the tensors and the answer that every later change must reproduce."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn

from streams.clock import isoformat
from streams.inference.manifest import Manifest
from streams.modalities.vitals import Prepared, prepare, stack
from streams.registry.golden import AS_OF, Case, Golden, GoldenCase, snapshot_of

__all__ = ["AS_OF", "Case", "Golden", "GoldenCase", "golden_of", "read", "snapshot_of", "write"]


def golden_of(spec: Manifest, network: nn.Module, cases: tuple[Case, ...]) -> Golden:
    """Run the cases through the feature function and torch."""
    prepared = [prepare(snapshot_of(case), spec) for case in cases]
    batch = stack(prepared)
    with torch.no_grad():
        answers = network.eval()(*(torch.from_numpy(batch[t.name]) for t in spec.tensors))[:, 0].tolist()
    golden = tuple(_case(c, p, a) for c, p, a in zip(cases, prepared, answers, strict=True))
    return Golden(spec.name, spec.version, golden)


def _case(case: Case, prepared: Prepared, answer: float) -> GoldenCase:
    tensors = {name: _short(tensor.astype(np.float64).tolist()) for name, tensor in prepared.tensors.items()}
    return GoldenCase(
        **{f: getattr(case, f) for f in case.__struct_fields__},
        as_of=isoformat(AS_OF),
        tensors=tensors,
        inputs=prepared.inputs,
        reasons=prepared.reasons,
        output=round(answer, 7),
    )


def _short(numbers: list[object]) -> list[object]:
    return [_short(n) if isinstance(n, list) else float(f"{n:.6g}") for n in numbers]


def write(golden: Golden, path: Path) -> None:
    """Write ``golden.json``, one case to a line."""
    cases = b",\n".join(msgspec.json.encode(case) for case in golden.cases)
    head = msgspec.json.encode({"model": golden.model, "version": golden.version})[:-1]
    path.write_bytes(head + b',"cases":[\n' + cases + b"\n]}\n")


def read(path: Path) -> Golden:
    """Read ``golden.json``."""
    return msgspec.json.decode(path.read_bytes(), type=Golden)
