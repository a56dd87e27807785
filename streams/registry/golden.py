"""Golden cases of a model's folder: invented patients and drawn films with what every later change must reproduce."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.clock import DAY, HOUR, MINUTE, Instant
from streams.errors import ContractError
from streams.inference.imaging_manifest import ImagingManifest
from streams.inference.manifest import Manifest
from streams.modalities import imaging
from streams.modalities.vitals import prepare
from streams.records import InputUsed
from streams.simulate.films import Film, drawn
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX

AS_OF: Instant = 20_000 * DAY + 9 * HOUR + 30 * MINUTE
"""2024-10-04T09:30:00Z, of every case of vital signs."""
SAMPLES = 64
"""Values kept of each tensor of a film, evenly spread over it: enough to notice any change, few enough to read."""
NEAR = {"vitals": 1e-4, "imaging": 1e-3}
"""Largest difference of an answer from the stored one; films keep large weights in half precision."""


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
    """As the network answered that was trained."""


class Golden(msgspec.Struct, frozen=True):
    """The content of ``golden.json``."""

    model: str
    version: str
    cases: tuple[GoldenCase, ...]


class _Phantom(msgspec.Struct, frozen=True):
    film: Film


class _Picture(msgspec.Struct, frozen=True):
    phantom: _Phantom
    tensors: dict[str, list[float]]
    outputs: dict[str, list[float]]


class _Pictures(msgspec.Struct, frozen=True):
    model: str
    version: str
    cases: tuple[_Picture, ...]


class Batch(msgspec.Struct, frozen=True):
    """The cases that the network is asked about, and what it must answer."""

    tensors: dict[str, NDArray[Any]]
    answers: dict[str, list[list[float]]]
    """By output, one list a case; of films `sampled`."""
    features: str
    """What of the stored tensors the feature function does not reproduce; empty where it does."""


def snapshot_of(case: Case) -> Snapshot:
    """Return the case's facts as the timeline would hand them over."""
    rows = [(AS_OF - round(minutes * MINUTE), INDEX[code], value) for code, minutes, value in case.facts]
    return Snapshot("golden", AS_OF, series_of(rows), case.birth_date, case.sex, "", False, (), 0)


def sampled(tensor: NDArray[Any]) -> list[float]:
    """Return at most `SAMPLES` values of a tensor, evenly spread, rounded to six digits."""
    flat = tensor.reshape(-1).astype(np.float64)
    places = np.linspace(0, len(flat) - 1, min(SAMPLES, len(flat))).astype(int)
    return [float(f"{value:.6g}") for value in flat[places].tolist()]


def batch_of(path: Path, spec: Manifest | ImagingManifest) -> Batch:
    """Read ``golden.json`` and run its cases through the feature function that serves.

    Raises
    ------
    ContractError
        Where the file is missing, malformed or of another version, or no case reaches the network.
    """
    found = _read(path, _Pictures if isinstance(spec, ImagingManifest) else Golden)
    if (found.model, found.version) != (spec.name, spec.version):
        raise ContractError(
            f"{path.name} is of {found.model} {found.version}, model.toml of {spec.name} {spec.version}; "
            "write it anew when the model is exported"
        )
    batch = _of_films(found, spec) if isinstance(spec, ImagingManifest) else _of_patients(found, spec)
    if not any(batch.answers.values()):
        raise ContractError(f"{path.name} has no case that the network is asked about; add some")
    return batch


def differences(batch: Batch, outputs: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest difference of any answer from the stored one."""
    pairs = [
        (sampled(outputs[name][k]), expected)
        for name, cases in batch.answers.items()
        for k, expected in enumerate(cases)
    ]
    return max(float(np.max(np.abs(np.array(found) - np.array(expected)))) for found, expected in pairs)


def _of_patients(golden: Golden, spec: Manifest) -> Batch:
    ready = [prepare(snapshot_of(case), spec) for case in golden.cases]
    wrong = [
        case.title
        for case, one in zip(golden.cases, ready, strict=True)
        if one.reasons != case.reasons or not _near(one.tensors, case.tensors)
    ]
    asked = [(case, one) for case, one in zip(golden.cases, ready, strict=True) if not one.reasons]
    tensors = {t.name: np.stack([one.tensors[t.name] for _, one in asked]) for t in spec.tensors} if asked else {}
    return Batch(tensors, {spec.output.name: [[case.output] for case, _ in asked]}, ", ".join(wrong))


def _of_films(golden: Any, spec: ImagingManifest) -> Batch:
    ready = [imaging.prepare(drawn(case.phantom.film), spec) for case in golden.cases]
    wrong = sum(
        not _near({n: np.array(sampled(t)) for n, t in one.tensors.items()}, case.tensors)
        for case, one in zip(golden.cases, ready, strict=True)
    )
    asked = [(case, one) for case, one in zip(golden.cases, ready, strict=True) if case.outputs]
    tensors = imaging.stack([one for _, one in asked]) if asked else {}
    answers = {output.name: [case.outputs[output.name] for case, _ in asked] for output in spec.outputs}
    return Batch(dict(tensors), answers, f"{wrong} films" if wrong else "")


def _near(found: Mapping[str, NDArray[Any]], stored: Mapping[str, Any]) -> bool:
    return found.keys() == stored.keys() and all(
        np.shape(found[name]) == np.shape(stored[name])
        and np.allclose(found[name], np.array(stored[name], np.float64), rtol=1e-5, atol=1e-5)
        for name in stored
    )


def _read(path: Path, kind: Any) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError(f"{path} cannot be read: {error}; write it anew when the model is exported") from error
