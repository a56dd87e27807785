"""A Flag that changes how a patient is scored to its event: NEWS2's SpO2 scale 2."""

from __future__ import annotations

import re

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.codes import label
from streams.normalise.effective import refuse_future
from streams.normalise.outcome import Found, Scope
from streams.normalise.overrulings import is_change, told
from streams.normalise.references import encounter_id
from streams.normalise.shapes import Flag
from streams.normalise.subjects import patient_id
from streams.normalise.times import instant
from streams.normalise.versions import content_id, resource_id, version
from streams.records import Measure, ObservationVersion, Skip
from streams.vocabulary import FLAGS

STATUS_RANKS = {"active": 2, "inactive": 3, "entered-in-error": 4}
"""FlagStatus (R4 required binding) in the order of versions; `streams.records.Version`."""
_TELLING = frozenset({"inactive", "entered-in-error"})
"""Statuses that show an earlier version to have been about."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read(flag: Flag, scope: Scope) -> Found:
    """Read a Flag (R4 Flag, R5 the same): one version, word of it to all where it is a change, or a skip ``code``.

    It stands while it is active and has no end (R4: "if the flag is active, the end of the period should be
    unspecified"); one that has ended counts as withdrawn, for that leads back to the scale that asks for more oxygen.

    Raises
    ------
    RejectedMessage
        ``status``, ``effective-...``, ``id``, ``last-updated-...`` or one of the subject's.
    """
    quantity = _quantity(flag)
    if quantity is None and not _may_have_been_ours(flag):
        return Found([], [Skip("code", label(flag.code) if flag.code else "")], [])
    change = is_change(flag.id, flag.meta, flag.status, _TELLING)
    return Found(told(_event(flag, quantity or "", scope, change), change), [], [])


def _quantity(flag: Flag) -> str | None:
    codings = (flag.code.coding if flag.code else None) or ()
    return next((FLAGS[place] for c in codings if (place := (c.system or "", c.code or "")) in FLAGS), None)


def _may_have_been_ours(flag: Flag) -> bool:
    """Tell whether a flag that is taken back has lost its code on the way; servers strip what they withdraw."""
    return bool(flag.id) and flag.status in _TELLING and not (flag.code and flag.code.coding)


def _event(flag: Flag, quantity: str, scope: Scope, change: bool) -> ObservationVersion:
    status, source = flag.status or "", scope.source
    if status not in STATUS_RANKS:
        raise RejectedMessage("status", "Flag.status", "a code of flag-status", "another word" if status else "none")
    withdrawn = status != "active" or bool(flag.period and flag.period.end)
    patient, encounter = _whose(flag, scope, change), encounter_id(flag.encounter, scope.local)
    at = _start_if_told(flag, source.zone) if withdrawn or not patient else _placed(flag, scope)
    fact = "Flag/" + (resource_id(flag.id, "Flag") or content_id((patient, quantity, at)))
    measures = () if withdrawn else (Measure(quantity, quantity, 1.0),)
    rank = max(STATUS_RANKS[status], STATUS_RANKS["inactive"]) if withdrawn else STATUS_RANKS[status]
    content = (source.name, fact, patient, encounter, at, status, measures)
    return ObservationVersion(
        source=source.name,
        resource_id=fact,
        patient_id=patient,
        version=version(flag.meta, "Flag", rank, content, source.zone),
        withdrawn=withdrawn,
        received_at=scope.received_at,
        effective_at=at,
        encounter_id=encounter,
        measures=measures,
    )


def _whose(flag: Flag, scope: Scope, change: bool) -> str:
    """Return the patient; a change that names nobody voids what others hold of it."""
    try:
        return patient_id(flag.subject, scope, flag.contained, "Flag.subject")
    except RejectedMessage:
        if change:
            return ""
        raise


def _placed(flag: Flag, scope: Scope) -> Instant:
    at = _start(flag, scope.source.zone)
    if scope.source.refuse_future:
        refuse_future(at, scope.received_at, scope.future_tolerance_s, "Flag.period.start")
    return at


def _start_if_told(flag: Flag, zone: str | None) -> Instant | None:
    try:
        return _start(flag, zone)
    except RejectedMessage:
        return None


def _start(flag: Flag, zone: str | None) -> Instant:
    """Return when it began to hold; a day alone is its first moment, for nothing is compared with a flag's hour."""
    if flag.period and flag.period.start:
        day = _DAY.fullmatch(flag.period.start) is not None
        text = f"{flag.period.start}T00:00:00{'' if zone else 'Z'}" if day else flag.period.start
        return instant(text, "Flag.period.start", "effective", zone)
    if flag.meta and flag.meta.last_updated:
        return instant(flag.meta.last_updated, "Flag.meta.lastUpdated", "last-updated", zone)
    raise RejectedMessage("effective-missing", "Flag.period.start", "a time, or meta.lastUpdated", "neither")
