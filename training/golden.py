"""Golden cases: invented patients with the tensors and the answer that every later change must reproduce."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn

from streams.clock import DAY, HOUR, MINUTE, Instant, isoformat
from streams.inference.manifest import Manifest
from streams.modalities.vitals import Prepared, prepare, stack
from streams.records import InputUsed
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX

AS_OF: Instant = 20_000 * DAY + 9 * HOUR + 30 * MINUTE
"""2024-10-04T09:30:00Z, for every case."""


class Case(msgspec.Struct, frozen=True):
    """One invented patient."""

    title: str
    birth_date: str
    sex: str
    facts: tuple[tuple[str, float, float], ...]
    """(LOINC code, minutes before ``as_of``, value)."""


class GoldenCase(Case, frozen=True, kw_only=True):
    """One invented patient with what comes of them."""

    as_of: str
    tensors: dict[str, list[object]]
    """Without a batch dimension."""
    inputs: tuple[InputUsed, ...]
    reasons: tuple[str, ...]
    output: float
    """As torch answers."""


class Golden(msgspec.Struct, frozen=True):
    """The content of ``golden.json``."""

    model: str
    version: str
    cases: tuple[GoldenCase, ...]


def snapshot_of(case: Case) -> Snapshot:
    """Return the case's facts as the timeline would hand them over."""
    rows = [(AS_OF - round(minutes * MINUTE), INDEX[code], value) for code, minutes, value in case.facts]
    return Snapshot("golden", AS_OF, series_of(rows), case.birth_date, case.sex, "", False, (), 0)


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
