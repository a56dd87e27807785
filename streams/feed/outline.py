"""The few elements of a FHIR resource that decide when it is fed and under whose key."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.clock import Instant

_PARTIAL = re.compile(r"\d{4}(-\d\d)?")


class _Reference(msgspec.Struct):
    reference: str = ""


class _Meta(msgspec.Struct, rename="camel"):
    last_updated: str = ""


class _Period(msgspec.Struct):
    start: str = ""
    end: str = ""


class _Timing(msgspec.Struct):
    event: list[str] = []


class _Elements(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    id: str = ""
    subject: _Reference | None = None
    patient: _Reference | None = None
    meta: _Meta | None = None
    issued: str = ""
    effective_date_time: str = ""
    effective_instant: str = ""
    effective_period: _Period | None = None
    effective_timing: _Timing | None = None
    period: Any = None


class Outline(msgspec.Struct, frozen=True):
    """What the feed has to know of one resource."""

    kind: str
    """``resourceType``; empty where the text is no FHIR resource."""
    patient: str
    """``Patient/<id>`` of the subject, of the resource itself where it is a Patient; empty where unknown."""
    effective: Instant | None
    """Clinical time: Observation.effective[x] (the end of a period), else ``issued``, else ``period.start``."""
    recorded: Instant | None
    """``meta.lastUpdated``, else ``issued``, else the clinical time: when the hospital's system told it."""


NO_OUTLINE = Outline(kind="", patient="", effective=None, recorded=None)
_DECODER = msgspec.json.Decoder(_Elements)


def outline(body: bytes) -> Outline:
    """Read the outline of one resource.

    Text that is not a FHIR resource has an empty outline: the feed passes it on as it stands, for normalise to judge.
    """
    try:
        elements = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NO_OUTLINE
    effective = _effective(elements)
    stamp = (elements.meta.last_updated if elements.meta else "") or elements.issued
    recorded = instant(stamp) if stamp else None
    return Outline(
        kind=elements.resource_type,
        patient=_patient(elements),
        effective=effective,
        recorded=effective if recorded is None else recorded,
    )


def instant(text: str) -> Instant | None:
    """Read a FHIR ``dateTime`` or ``instant`` (R4 2.24.0.1) for ordering; None where it cannot be read.

    A time without zone counts as UTC and a date as its first instant: this orders the feed, it judges nothing.
    """
    if _PARTIAL.fullmatch(text):
        text = (text + "-01-01")[:10]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _effective(elements: _Elements) -> Instant | None:
    period, timing = elements.effective_period, elements.effective_timing
    texts = (
        elements.effective_date_time,
        elements.effective_instant,
        (period.end or period.start) if period else "",
        timing.event[0] if timing and timing.event else "",
        elements.issued,
        _start(elements.period),
    )
    return next((at for text in texts if text and (at := instant(text)) is not None), None)


def _start(period: object) -> str:
    start = period.get("start") if isinstance(period, dict) else None
    return start if isinstance(start, str) else ""


def _patient(elements: _Elements) -> str:
    if elements.resource_type == "Patient":
        return f"Patient/{elements.id}" if elements.id else ""
    named = elements.subject or elements.patient
    parts = named.reference.split("/") if named else []
    return "/".join(parts[-2:]) if len(parts) >= 2 and parts[-2] == "Patient" else ""
