"""Clinical notes of the simulated ward: who wrote what, when, in which form; and what is taken back or replaced."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Iterator
from typing import Literal, get_args

import msgspec

from streams.clock import HOUR, MINUTE, Instant, isoformat
from streams.simulate.chance import stream
from streams.simulate.note_texts import STYLES, Illness, Style, written
from streams.simulate.resources import Resource

EVERY = 2
"""One patient in so many has a note."""
REPLACED_EVERY, WITHDRAWN_EVERY = 5, 11
"""One note in so many is replaced by another, and is withdrawn as an error."""
_LOINC = "http://loinc.org"
_KINDS: dict[Style, str] = {"soap": "11506-3", "discharge": "18842-5", "telegraphic": "34746-8"}
"""LOINC: progress note, discharge summary, nurse's note."""

Form = Literal["plain", "html", "rtf", "cda"]
CONTENT_TYPES: dict[Form, str] = {
    "plain": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "rtf": "application/rtf",
    "cda": "application/hl7-cda+xml",
}


class Noted(msgspec.Struct, frozen=True):
    """One note of one patient."""

    number: int
    """Of the patient, counted from 0."""
    illness: Illness
    style: Style
    form: Form
    age: int
    sex: str
    hours: float
    """After the beginning."""
    seed: int
    fate: Literal["stands", "replaced", "withdrawn"] = "stands"


def noted(patients: int, seed: int) -> Iterator[Noted]:
    """Yield the notes of a ward; a function of the number of patients and the seed."""
    for place, number in enumerate(range(0, patients, EVERY)):
        chance = stream(seed, number, "note")
        withdrawn, replaced = (
            place % WITHDRAWN_EVERY == WITHDRAWN_EVERY - 1,
            place % REPLACED_EVERY == REPLACED_EVERY - 1,
        )
        yield Noted(
            number,
            chance.choice(get_args(Illness)),
            STYLES[place % len(STYLES)],
            chance.choice(get_args(Form)),
            chance.randint(35, 92),
            chance.choice(("female", "male")),
            chance.uniform(0.05, 1.0),
            seed,
            "withdrawn" if withdrawn else "replaced" if replaced else "stands",
        )


def text_of(one: Noted) -> bytes:
    """Return a note in its form."""
    parts = written(one.illness, one.style, one.age, one.sex, stream(one.seed, one.number, "words"))
    return FORMS[one.form](parts).encode()


def documents(one: Noted, patient_id: str, start: Instant) -> Iterator[tuple[Instant, Resource]]:
    """Yield the DocumentReferences (R4) of a note, each with when it reaches the bus."""
    at = start + round(one.hours * HOUR)
    # The beginning is part of the id: two wards on one stack must not be versions of each other.
    name = f"{patient_id}-{one.seed}-{start // 60_000:x}-note"
    first = _document(one, name, patient_id, at, at + 2 * MINUTE)
    yield at + 2 * MINUTE, first
    if one.fate == "withdrawn":
        later = at + 20 * MINUTE
        yield later, first | {"status": "entered-in-error", "meta": {"versionId": "2", "lastUpdated": isoformat(later)}}
    if one.fate == "replaced":
        later = at + 30 * MINUTE
        told = {"code": "replaces", "target": {"reference": f"DocumentReference/{name}"}}
        yield later, _document(one, f"{name}-b", patient_id, later - MINUTE, later) | {"relatesTo": [told]}


def _document(one: Noted, name: str, patient_id: str, at: Instant, known: Instant) -> Resource:
    attachment = {"contentType": CONTENT_TYPES[one.form], "data": base64.b64encode(text_of(one)).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "meta": {"versionId": "1", "lastUpdated": isoformat(known)},
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": _LOINC, "code": _KINDS[one.style]}]},
        "subject": {"reference": f"Patient/{patient_id}"},
        "date": isoformat(at),
        "content": [{"attachment": attachment}],
    }


def _plain(parts: list[tuple[str, str]]) -> str:
    return "\n\n".join(f"{heading}: {text}" if heading else text for heading, text in parts)


def _html(parts: list[tuple[str, str]]) -> str:
    body = "".join(f"<h3>{heading}:</h3><p>{html.escape(text)}</p>" if heading else f"<p>{html.escape(text)}</p>"
                   for heading, text in parts)  # fmt: skip
    return f"<!DOCTYPE html><html><head><title>Note</title></head><body>{body}</body></html>"


def _rtf(parts: list[tuple[str, str]]) -> str:
    lines = (f"{{\\b {heading}:}} {text}" if heading else text for heading, text in parts)
    return "{\\rtf1\\ansi\\ansicpg1252\\deff0 " + "\\par\n".join(lines) + "}"


def _cda(parts: list[tuple[str, str]]) -> str:
    sections = "".join(
        f"<component><section><title>{heading}</title><text><paragraph>{html.escape(text)}</paragraph></text></section>"
        "</component>"
        for heading, text in parts
    )
    body = f"<component><structuredBody>{sections}</structuredBody></component>"
    return f'<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3">{body}</ClinicalDocument>'


FORMS: dict[Form, Callable[[list[tuple[str, str]]], str]] = {"plain": _plain, "html": _html, "rtf": _rtf, "cda": _cda}
