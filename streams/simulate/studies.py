"""Imaging studies of the simulated ward: who was filmed, when, and what the film shows; nobody's pictures."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Literal

import msgspec

from streams.clock import HOUR, MINUTE, Instant, isoformat
from streams.simulate.chance import stream
from streams.simulate.resources import Resource

EVERY = 4
"""One patient in so many has a film."""
BLANK_EVERY = 5
"""One film in so many shows nobody, as when a plate is exposed by mistake."""
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, "urn:cardiostream:simulate:study")
_DCM = "http://dicom.nema.org/resources/ontology/DCM"

Kind = Literal["chest", "blank"]


class Filmed(msgspec.Struct, frozen=True):
    """One chest film of one patient."""

    number: int
    """Of the patient, counted from 0."""
    study_uid: str
    kind: Kind
    ratio: float
    """Width of the heart over that of the chest, as it is drawn."""
    hours: float
    """After the beginning."""
    seed: int

    @property
    def series_uid(self) -> str:
        """UID of its only series."""
        return f"{self.study_uid}.1"

    @property
    def sop_uid(self) -> str:
        """UID of its only instance."""
        return f"{self.study_uid}.1.1"


def filmed(patients: int, seed: int) -> Iterator[Filmed]:
    """Yield the films of a ward; a function of the number of patients and the seed."""
    for place, number in enumerate(range(1, patients, EVERY)):
        chance = stream(seed, number, "film")
        uid = f"2.25.{uuid.uuid5(_ROOT, f'{seed} {number}').int}"
        kind: Kind = "blank" if place % BLANK_EVERY == BLANK_EVERY - 2 else "chest"
        ratio = round(chance.uniform(0.40, 0.64), 3)
        yield Filmed(number, uid, kind, ratio, chance.uniform(0.05, 1.0), seed)


def study(one: Filmed, patient_id: str, start: Instant) -> tuple[Instant, Resource]:
    """Return the ImagingStudy (R4) of a film, and when it reaches the bus: minutes after the film."""
    at = start + round(one.hours * HOUR)
    known = at + 3 * MINUTE
    series = {"uid": one.series_uid, "modality": {"system": _DCM, "code": "DX"}, "numberOfInstances": 1}
    return known, {
        "resourceType": "ImagingStudy",
        # The beginning is part of the id: two wards on one stack must not be versions of each other.
        "id": f"{patient_id}-{one.seed}-{start // 60_000:x}-film",
        "meta": {"versionId": "1", "lastUpdated": isoformat(known)},
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{one.study_uid}"}],
        "subject": {"reference": f"Patient/{patient_id}"},
        "started": isoformat(at),
        "numberOfSeries": 1,
        "numberOfInstances": 1,
        "series": [series],
    }
