"""Everything that a dropped-in model must keep, checked one after the other, each with a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.errors import CardioStreamError, ContractError
from streams.inference.answers import check_outputs
from streams.inference.declared import Tensor, manifest_folder
from streams.inference.notes_manifest import NotesManifest
from streams.inference.repository import AnyManifest, load_any
from streams.inference.served import served_as
from streams.registry.golden import NEAR, Batch, batch_of, differences

DISCLAIMER = "Not a medical device; for research and integration"
"""What every card says."""
_LEFT_OUT = "not run here, for onnxruntime is not installed: the answers by Triton stand for it"
Spec = AnyManifest
Ask = Callable[[dict[str, NDArray[Any]]], Awaitable[dict[str, NDArray[Any]]]]
"""Asks a server; raises `CardioStreamError` where it does not answer."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    words: str
    """What was found; where it is not ok, what was expected and what to do."""


async def checks(repository: Path, model: str, version: str = "", ask: Ask | None = None) -> list[Check]:
    """Check one version of a model; what depends on something that is not ok is not looked at.

    Parameters
    ----------
    version
        Empty for the one that the model's folder names.
    ask
        Asks Triton, too; None leaves that out. Where onnxruntime is not installed, Triton's answers stand alone.
    """
    spec = _found("manifest", lambda: load_any(repository, model, version))
    if isinstance(spec, Check):
        return [spec]
    folder = manifest_folder(repository / model, version)
    first = Check("manifest", True, f"{spec.name} {spec.version}: {spec.target}")
    found = [first, *_static(repository / model, folder, spec)]
    if isinstance(spec, NotesManifest):
        # Golden notes are held by the conformance tests: what they are cut with is not a part of this room.
        return found
    batch = _found("golden cases", lambda: batch_of(folder / "golden.json", spec))
    if isinstance(batch, Check):
        return [*found, batch]
    found.append(_features(batch))
    found += _by_onnxruntime(repository / spec.name / spec.onnx.file, spec, batch, asked=ask is not None)
    if ask is not None:
        found.append(await _through_triton(ask, spec, batch))
    return found


def _static(model: Path, folder: Path, spec: Spec) -> Iterator[Check]:
    faults = _config_faults(model / "config.pbtxt", spec)
    yield Check("config.pbtxt", not faults, "; ".join(faults) or "names, shapes, versions and queue are the manifest's")
    card = folder / "MODEL_CARD.md"
    text = card.read_text("utf-8") if card.is_file() else ""
    lacks = [word for word in (DISCLAIMER, spec.target) if word not in text]
    yield Check("MODEL_CARD.md", not lacks, f"expected it to say {lacks[0]!r}" if lacks else "names target and limits")


def _config_faults(path: Path, spec: Spec) -> list[str]:
    config = _found("config", lambda: served_as(path))
    if isinstance(config, Check):
        return [config.words]
    wanted = {"name": spec.name, "backend": "onnxruntime", "max_batch_size": spec.max_batch}
    faults = [
        f"{field}: expected {value}, found {getattr(config, field)}"
        for field, value in wanted.items()
        if getattr(config, field) != value
    ]
    if int(spec.version) not in config.versions:
        faults.append(f"version_policy: expected {spec.version} among them, found {list(config.versions)}; add it")
    for kind, found, declared in (("input", config.inputs, spec.tensors), ("output", config.outputs, spec.answers)):
        if found != (expected := [_shape(t) for t in declared]):
            faults.append(f"{kind}: expected {expected}, found {found}; all versions of a model share them")
    if not config.bounded:
        faults.append("dynamic_batching: expected a queue that is bounded and rejects, found none")
    return faults


def _shape(tensor: Tensor) -> tuple[str, str, tuple[int, ...]]:
    return tensor.name, f"TYPE_{tensor.dtype}", tuple(tensor.shape)


def _features(batch: Batch) -> Check:
    words = f"expected the stored tensors, found others for: {batch.features}" if batch.features else ""
    return Check("features", not words, words or "the golden facts give the stored tensors")


def _by_onnxruntime(path: Path, spec: Spec, batch: Batch, *, asked: bool) -> Iterable[Check]:
    """Run the network in this process; the image has no onnxruntime, and there Triton's answers stand for it."""
    runtime = _found("network", _runtime)
    if isinstance(runtime, Check):
        return [Check("network", True, _LEFT_OUT)] if asked else [runtime]
    session = _found("network", lambda: _session(runtime, path))
    return [session] if isinstance(session, Check) else _network(session, spec, batch)


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ContractError(
            "expected onnxruntime, found none; ask the running Triton instead (--triton), or install "
            "cardiostream[embedded]"
        ) from error
    return onnxruntime


def _session(runtime: Any, path: Path) -> Any:
    try:
        return runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ContractError(f"{path.name} is not read by onnxruntime: {error}; export the model again") from error


def _network(session: Any, spec: Spec, batch: Batch) -> Iterator[Check]:
    names = [(one.name, tuple(one.shape[1:])) for one in (*session.get_inputs(), *session.get_outputs())]
    wanted = [(t.name, tuple(t.shape)) for t in (*spec.tensors, *spec.answers)]
    loose = [(n, s) for n, s in names if all(isinstance(size, int) for size in s)]
    same = [n for n, _ in names] == [n for n, _ in wanted] and set(loose) <= set(wanted)
    yield Check("network", same, "its tensors are the manifest's" if same else f"expected {wanted}, found {names}")
    if same:
        outputs = [output.name for output in spec.answers]
        answers = dict(zip(outputs, session.run(outputs, batch.tensors), strict=True))
        yield _judged("answers by onnxruntime", spec, batch, answers)


async def _through_triton(ask: Ask, spec: Spec, batch: Batch) -> Check:
    name = "answers by Triton"
    try:
        return _judged(name, spec, batch, await ask(batch.tensors))
    except CardioStreamError as error:
        return Check(name, False, str(error))


def _judged(name: str, spec: Spec, batch: Batch, answers: dict[str, NDArray[Any]]) -> Check:
    rows = len(next(iter(batch.tensors.values())))
    checked = check_outputs(spec, answers, rows)
    if checked.fault or not np.all(checked.ok):
        return Check(name, False, checked.fault)
    apart, near = differences(batch, checked.outputs), NEAR.get(spec.modality, 1e-4)
    words = f"largest difference from the golden answers {apart:.1e}, allowed {near:.0e}"
    return Check(name, apart <= near, f"{words}, {rows} cases")


def _found(name: str, look: Callable[[], Any]) -> Any:
    """Return what is found, or the check that failed."""
    try:
        return look()
    except ContractError as error:
        return Check(name, False, str(error))
