"""An Observation to its events, its skips and its rejections."""

from __future__ import annotations

from typing import Any

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.effective import effective_at, refuse_future
from streams.normalise.measures import measures
from streams.normalise.outcome import Found, Scope
from streams.normalise.overrulings import is_change, overruling, told
from streams.normalise.parts import Parts, take_apart
from streams.normalise.references import encounter_id
from streams.normalise.shapes import Observation
from streams.normalise.subjects import patient_id
from streams.normalise.versions import STATUS_RANKS, content_id, resource_id, version
from streams.records import Event, Measure, ObservationVersion, Skip

_WITHDRAWN = frozenset({"cancelled", "entered-in-error"})
_NOT_YET = frozenset({"registered", "unknown"})
_TELLING = frozenset({"amended", "corrected"}) | _WITHDRAWN
"""Statuses that show an earlier version to have been about."""


def read(observation: Observation, scope: Scope) -> Found:
    """Read an Observation: at most one version, word of it to all where it is a change, what was skipped or rejected.

    A code that we do not use is a skip before anything else is asked of the resource. Where no measure is usable an
    event without measures still goes out if the record alone shows that it may overrule an earlier version.

    Raises
    ------
    RejectedMessage
        Where the resource as a whole cannot be used.
    """
    if observation.status in _WITHDRAWN:
        return _withdrawal(observation, _still_told(observation), scope)
    parts = take_apart(observation)
    if not parts.used:
        return _found(_unused(observation, scope), parts)
    if observation.status in _NOT_YET:
        return _found([], parts._replace(skips=[Skip(f"status-{observation.status}", parts.used[0].code)]))
    _check_status(observation.status)
    measured = measures(parts)
    if not measured and not _is_change(observation):
        return _found([], parts)
    return _found(_told(observation, measured, scope, parts.rejected), parts)


def _found(events: list[Event], parts: Parts) -> Found:
    return Found(events, parts.skips, parts.rejected)


def _check_status(status: str | None) -> None:
    if status not in STATUS_RANKS:
        raise RejectedMessage(
            "status", "Observation.status", "a code of observation-status", "none" if status is None else "another word"
        )


def _is_change(observation: Observation) -> bool:
    return is_change(observation.id, observation.meta, observation.status, _TELLING)


def _placed(observation: Observation, scope: Scope) -> Instant:
    at = effective_at(observation, scope.source.zone)
    if scope.source.refuse_future:
        refuse_future(at, scope.received_at, scope.future_tolerance_s)
    return at


def _placed_if_told(observation: Observation, scope: Scope) -> Instant | None:
    try:
        return effective_at(observation, scope.source.zone)
    except RejectedMessage:
        return None


def _whose(observation: Observation, scope: Scope) -> str:
    return patient_id(observation.subject, scope, observation.contained, "Observation.subject")


def _whose_if_told(observation: Observation, scope: Scope) -> str:
    try:
        return _whose(observation, scope)
    except RejectedMessage:
        return ""


def _told(
    observation: Observation, measured: tuple[Measure, ...], scope: Scope, rejected: list[RejectedMessage]
) -> list[Event]:
    """Return what goes out for a version that stands.

    A change that cannot be placed is no event of its patient, and rejected, but all others hear that it is not theirs.
    """
    change = _is_change(observation)
    try:
        at = _placed(observation, scope)
    except RejectedMessage as unplaced:
        if not change:
            raise
        patient = _whose_if_told(observation, scope)
        if patient:
            rejected.append(unplaced)
        return [overruling(_event(observation, measured, None, patient, scope))]
    patient = _whose_if_told(observation, scope) if change else _whose(observation, scope)
    return told(_event(observation, measured, at, patient, scope), change)


def _unused(observation: Observation, scope: Scope) -> list[Event]:
    """Void what an earlier version under another code may have said; what is wrong with this one does not matter."""
    if observation.status not in STATUS_RANKS or observation.status in _NOT_YET or not _is_change(observation):
        return []
    try:
        return _told(observation, (), scope, [])
    except RejectedMessage:
        return []


def _still_told(observation: Observation) -> Parts:
    """Take a withdrawn resource apart; servers strip it, so one that can no longer be read may have been ours."""
    try:
        return take_apart(observation)
    except RejectedMessage:
        return Parts([], [], [], True)


def _withdrawal(observation: Observation, parts: Parts, scope: Scope) -> Found:
    """Void the whole resource; its time may be missing or unreadable, its values do not matter.

    Where it has an id it may name nobody; without one it finds its fact by the content that it repeats.
    """
    if not parts.ours:
        return _found([], parts)
    measured = () if observation.id else measures(parts)
    if not observation.id and not measured:
        raise RejectedMessage("withdrawal-without-id", "Observation.id", "the id of what is withdrawn", "none")
    patient = _whose_if_told(observation, scope) if observation.id else _whose(observation, scope)
    event = _event(observation, measured, _placed_if_told(observation, scope), patient, scope)
    return Found(told(event, _is_change(observation)), [], [])


def _event(
    observation: Observation, measured: tuple[Measure, ...], at: Instant | None, patient: str, scope: Scope
) -> ObservationVersion:
    status: Any = observation.status
    withdrawn = status in _WITHDRAWN
    encounter = encounter_id(observation.encounter, scope.local)
    fact = resource_id(observation.id, "Observation") or content_id((patient, at, measured))
    kept = () if withdrawn else measured
    content = (scope.source.name, fact, patient, encounter, at, status, kept)
    place = version(observation.meta, "Observation", STATUS_RANKS[status], content, scope.source.zone)
    return ObservationVersion(
        source=scope.source.name,
        resource_id=fact,
        patient_id=patient,
        version=place,
        withdrawn=withdrawn,
        received_at=scope.received_at,
        effective_at=at,
        encounter_id=encounter,
        measures=kept,
    )
