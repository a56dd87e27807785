"""Versions of observations, films and notes, as normalise and the slow workers hand them on."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from streams.records import (
    Carrying,
    HeadReading,
    ImageBasis,
    ImagingStudyVersion,
    Level,
    Measure,
    Measured,
    NoteBasis,
    NotePrediction,
    NotePredictions,
    NoteReading,
    NoteVersion,
    ObservationVersion,
    Reading,
    Status,
    StudyPrediction,
    StudyPredictions,
    Version,
)


def digested(event: Any) -> Any:
    """Give a version the digest of its content, as normalise does."""
    digest = blake2b(msgspec.msgpack.encode(event), digest_size=8).digest()
    return msgspec.structs.replace(event, version=msgspec.structs.replace(event.version, digest=digest))


def observation(resource_id: str, patient_id: str, at: int | None, version: Version, value: float, **more: Any) -> Any:
    """Return a heart rate of a patient as a digested version."""
    measures = (Measure("8867-4", "8867-4", value),)
    whole = {"withdrawn": version.status_rank == 4, "received_at": 0, "effective_at": at, "measures": measures} | more
    return digested(ObservationVersion("hospital", resource_id, patient_id, version, **whole))


def film(
    name: str, patient_id: str, at: int, version: Version, ratio: float | None, *, model: str = "1", received: int = 0
) -> Any:
    """Return what a model of films says of a study as a digested version; None: the film is refused."""
    reading = None
    if ratio is not None:
        reading = Reading("chest_heart_unet", model, measures=(Measured("cardiothoracic-ratio", ratio, "1", 0.5, ()),))
    status: Status = "indeterminate" if reading is None else "ok"
    reasons = ("implausible:heart/area",) if reading is None else ()
    basis = ImageBasis("1.2.3", ("1.2.3.4",), 0, 512, 512, "DX", "CHEST", "PA")
    said = StudyPrediction("chest_heart_unet", model, status, reasons, basis, reading)
    study = ImagingStudyVersion(
        "hospital", f"ImagingStudy/{name}", patient_id, version, version.status_rank == 4, 0, started_at=at
    )
    place = digested(study).version
    return StudyPredictions(
        patient_id, "hospital", study.resource_id, place, "1.2", at, received, study.withdrawn,
        predictions=() if study.withdrawn else (said,),
    )  # fmt: skip


def note(
    name: str, patient_id: str, at: int, version: Version, probability: float | None, *,
    replaces: tuple[str, ...] = (), source: str = "hospital", head: str = "cardiovascular", received: int = 0,
) -> Any:  # fmt: skip
    """Return what a model of notes says of a note as a digested version; None: the note could not be read."""
    level: Level = "high" if (probability or 0.0) >= 0.5 else "low"
    heads = () if probability is None else (HeadReading(head, probability, level, (Carrying(0, 9, 1.5),)),)
    said = NotePrediction(
        "notes_bert", "1", "indeterminate" if probability is None else "ok",
        ("empty",) if probability is None else (), NoteBasis(9, "00", "text/plain"),
        NoteReading("notes_bert", "1", heads),
    )  # fmt: skip
    withdrawn = version.status_rank == 4
    kept = () if withdrawn else replaces
    told = NoteVersion(
        source, f"DocumentReference/{name}", patient_id, version, withdrawn, 0, written_at=at, replaces=kept
    )
    return NotePredictions(
        patient_id, source, told.resource_id, digested(told).version, at, received, withdrawn, replaces=kept,
        predictions=() if withdrawn else (said,),
    )  # fmt: skip
