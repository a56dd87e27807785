"""A hospital's notes of every form, some replaced, withdrawn or broken, and what stands of them at the end."""

from __future__ import annotations

import base64
import json
import random
from typing import Any, NamedTuple

from streams import topics
from streams.clock import isoformat
from streams.simulate.note_texts import STORIES, STYLES, Illness, written
from streams.simulate.notes import CONTENT_TYPES, FORMS

NOTES, PATIENTS = 500, 100
REPLACED, WITHDRAWN, UNREADABLE = 50, 15, 10
HOUR = 3_600_000
VITALS = (("8867-4", 80, "/min"), ("9279-1", 16, "/min"), ("8480-6", 120, "mm[Hg]"), ("2708-6", 97, "%"))


class Message(NamedTuple):
    """One record of the hospital."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Said(NamedTuple):
    """What one note says of whom: what the end has to be made of."""

    patient: str
    content: bytes
    content_type: str


def div(content: bytes) -> str:
    """Return a note as the narrative of a Composition."""
    return f"<div>{content.decode(errors='replace')}</div>"


def said(kind: str, patient: str, content: bytes, content_type: str) -> Said:
    """Return what is to be read of a note."""
    if kind == "composition":
        return Said(patient, f"<h2>Note</h2>\n{div(content)}".encode(), "text/html; charset=utf-8")
    return Said(patient, content, content_type)


def resource(form: str, name: str, patient: str, content: bytes, content_type: str, at: int, **more: Any) -> Message:
    """Return a note in the resource that its number asks for."""
    attachment = {"contentType": content_type, "data": base64.b64encode(content).decode()}
    common = {"id": name, "subject": {"reference": f"Patient/{patient}"}, "status": "final"}
    whole: dict[str, Any] = {
        "document": {
            "resourceType": "DocumentReference", "date": isoformat(at), "content": [{"attachment": attachment}],
            **common, "status": "current",
        },
        "report": {
            "resourceType": "DiagnosticReport", "issued": isoformat(at), "presentedForm": [attachment], **common,
            "code": {"text": "report"},
        },
        "conclusion": {
            "resourceType": "DiagnosticReport", "issued": isoformat(at), "conclusion": content.decode(errors="replace"),
            **common,
        },
        "composition": {
            "resourceType": "Composition", "date": isoformat(at), **common,
            "section": [{"title": "Note", "text": {"div": div(content)}}],
        },
    }[form] | more  # fmt: skip
    return Message(topics.NOTES, name.encode(), json.dumps(whole).encode())


def raw(name: str, patient: str, content: bytes, at: int, **more: str) -> Message:
    headers = {"note_id": name, "written_at": isoformat(at)} | more
    return Message(topics.NOTES_RAW, patient.encode(), content, tuple((k, v.encode()) for k, v in headers.items()))


class Hospital:
    """Five hundred notes, of which some are replaced, withdrawn or broken, and what stands of them at the end."""

    def __init__(self, now: int) -> None:
        self.random, self.now = random.Random(8), now
        self.messages: list[Message] = []
        self.stands: dict[str, Said] = {}
        numbers = list(range(NOTES))
        self.random.shuffle(numbers)
        self.replaced = set(numbers[:REPLACED])
        self.withdrawn = set(numbers[REPLACED : REPLACED + WITHDRAWN])
        self.broken = set(numbers[REPLACED + WITHDRAWN : REPLACED + WITHDRAWN + UNREADABLE])
        for number in range(NOTES):
            self.tell(number)
        self.random.shuffle(self.messages)
        for patient in range(PATIENTS):
            self.messages += [self.vital(f"p{patient}", *one) for one in VITALS]

    def tell(self, number: int) -> None:
        patient, name = f"p{number % PATIENTS}", f"n{number}"
        kind = ("document", "report", "conclusion", "composition", "raw")[number % 5]
        content, content_type = self.content(number, kind)
        at = self.now - self.random.randint(1, 72) * HOUR
        self.messages.append(self.message(kind, name, patient, content, content_type, at))
        if number in self.broken:
            return
        if number in self.withdrawn:
            self.messages.append(self.withdrawal(kind, name, patient, at))
            return
        if number in self.replaced:
            self.replace(number, kind, name, patient, at)
            return
        self.stands[name] = said(kind, patient, content, content_type)

    def replace(self, number: int, kind: str, name: str, patient: str, at: int) -> None:
        """Send a newer version of the note, or another document that takes its place."""
        content, content_type = self.content(number + NOTES, kind)
        self.stands[f"{name}-b" if kind == "document" else name] = said(kind, patient, content, content_type)
        if kind == "document":
            told = {"code": "replaces", "target": {"reference": f"DocumentReference/{name}"}}
            self.messages.append(
                resource("document", f"{name}-b", patient, content, content_type, at + HOUR, relatesTo=[told])
            )
        elif kind == "raw":
            self.messages.append(raw(name, patient, content, at, version_id="2", content_type=content_type))
        else:
            self.messages.append(self.message(kind, name, patient, content, content_type, at, meta={"versionId": "2"}))

    def content(self, number: int, kind: str) -> tuple[bytes, str]:
        """Return a note's words in a form; a broken one is of no character set."""
        illnesses: list[Illness] = list(STORIES)
        parts = written(self.random.choice(illnesses), STYLES[number % 3], 60, "female", self.random)
        form = ("plain", "html", "rtf", "cda")[number // 5 % 4] if kind in {"document", "report"} else "plain"
        content, content_type = FORMS[form](parts).encode(), CONTENT_TYPES[form]
        if number in self.broken:
            return b"\xfd\xff" + content, "text/plain; charset=utf-8"
        return content, content_type

    def message(
        self, kind: str, name: str, patient: str, content: bytes, content_type: str, at: int, **more: Any
    ) -> Message:
        if kind == "raw":
            return raw(name, patient, content, at, content_type=content_type)
        broken = content.startswith(b"\xfd")
        return resource("document" if broken else kind, name, patient, content, content_type, at, **more)

    def withdrawal(self, kind: str, name: str, patient: str, at: int) -> Message:
        if kind == "raw":
            return Message(topics.NOTES_RAW, patient.encode(), b"", (("note_id", name.encode()),))
        return resource(kind, name, patient, b"-", "text/plain", at, status="entered-in-error", meta={"versionId": "2"})

    def vital(self, patient: str, code: str, value: float, unit: str) -> Message:
        observation = {
            "resourceType": "Observation", "id": f"{patient}-{code}", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": isoformat(self.now - 60_000),
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
        }  # fmt: skip
        return Message(topics.OBSERVATIONS, patient.encode(), json.dumps(observation).encode())
