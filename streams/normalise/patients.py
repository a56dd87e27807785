"""A Patient to the demographics that the models need, and to who else this person is."""

from __future__ import annotations

import re
from datetime import date

from streams.errors import RejectedMessage
from streams.normalise import links
from streams.normalise.identifiers import keys_of
from streams.normalise.outcome import Found, Scope
from streams.normalise.shapes import Patient
from streams.normalise.versions import resource_id, version
from streams.records import PatientVersion, Skip

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_SEXES = frozenset({"male", "female", "other", "unknown"})


def read(patient: Patient, scope: Scope) -> Found:
    """Read birth date, gender, identifiers and merges; whether the record is active or the patient alive is not asked.

    Raises
    ------
    RejectedMessage
        ``no-id``, ``id``, ``birth-date``, ``gender``, ``link-...`` or ``last-updated-...``.
    """
    fact = resource_id(patient.id, "Patient")
    if not fact:
        raise RejectedMessage("no-id", "Patient.id", "the id that Observations refer to", "none")
    birth_date, sex = _birth_date(patient.birth_date), _sex(patient.gender)
    aliases, beyond = keys_of(patient.identifier, scope.source.name)
    merges = links.read(patient, frozenset({fact, *aliases}), scope)
    # Who tells nothing of identities keeps the digest that it had before they were read.
    identity = (aliases, merges.replaced_by, merges.replaces)
    content = (scope.source.name, fact, birth_date, sex, *(identity if any(identity) else ()))
    event = PatientVersion(
        source=scope.source.name,
        resource_id=fact,
        patient_id=fact,
        version=version(patient.meta, "Patient", 0, content, scope.source.zone),
        withdrawn=False,
        received_at=scope.received_at,
        birth_date=birth_date,
        sex=sex,
        aliases=aliases,
        replaced_by=merges.replaced_by,
        replaces=merges.replaces,
    )
    return Found([event], merges.skips + [Skip("identifier-limit")] * beyond, [])


def _birth_date(text: str | None) -> str:
    """Check a FHIR ``date``, which may be a year or a month alone (R4 2.24.0.1)."""
    if not text:
        return ""
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        raise RejectedMessage(
            "birth-date", "Patient.birthDate", "YYYY, YYYY-MM or YYYY-MM-DD", "another form"
        ) from None
    return text


def _sex(gender: str | None) -> str:
    if not gender:
        return ""
    if gender not in _SEXES:
        raise RejectedMessage("gender", "Patient.gender", "male, female, other or unknown", "another word")
    return gender
