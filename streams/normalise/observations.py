"""An Observation to its event, its skips and its rejections."""

from __future__ import annotations

from typing import Any

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.effective import effective_at, refuse_future
from streams.normalise.measures import measures
from streams.normalise.outcome import Scope
from streams.normalise.parts import Parts, take_apart
from streams.normalise.references import encounter_id, patient_id
from streams.normalise.shapes import Observation
from streams.normalise.versions import STATUS_RANKS, content_id, overrules, resource_id, version
from streams.records import Measure, ObservationVersion, Skip

_WITHDRAWN = frozenset({"cancelled", "entered-in-error"})
_NOT_YET = frozenset({"registered", "unknown"})


def read(observation: Observation, scope: Scope) -> tuple[ObservationVersion | None, Parts]:
    """Read an Observation: at most one event, and beside it what was skipped or rejected of it.

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
        return _unused(observation, scope), parts
    if observation.status in _NOT_YET:
        return None, parts._replace(skips=[Skip(f"status-{observation.status}", parts.used[0].code)])
    _check_status(observation.status)
    found = measures(parts)
    if not found and not _may_overrule(observation):
        return None, parts
    return _event(observation, found, _placed(observation, scope), scope), parts


def _check_status(status: str | None) -> None:
    if status not in STATUS_RANKS:
        raise RejectedMessage(
            "status", "Observation.status", "a code of observation-status", "none" if status is None else "another word"
        )


def _may_overrule(observation: Observation) -> bool:
    return bool(observation.id) and overrules(observation.meta, observation.status)


def _placed(observation: Observation, scope: Scope) -> Instant:
    at = effective_at(observation, scope.source.zone)
    if scope.source.refuse_future:
        refuse_future(at, scope.received_at, scope.future_tolerance_s)
    return at


def _unused(observation: Observation, scope: Scope) -> ObservationVersion | None:
    """Void what an earlier version under another code may have said; one that cannot be placed is only skipped."""
    if observation.status not in STATUS_RANKS or observation.status in _NOT_YET or not _may_overrule(observation):
        return None
    try:
        return _event(observation, (), _placed(observation, scope), scope)
    except RejectedMessage:
        return None


def _still_told(observation: Observation) -> Parts:
    """Take a withdrawn resource apart; servers strip it, so one that can no longer be read may have been ours."""
    try:
        return take_apart(observation)
    except RejectedMessage:
        return Parts([], [], [], True)


def _withdrawal(observation: Observation, parts: Parts, scope: Scope) -> tuple[ObservationVersion | None, Parts]:
    """Void the whole resource; its time may be missing or unreadable, its values do not matter."""
    if not parts.ours:
        return None, parts
    found = () if observation.id else measures(parts)
    if not observation.id and not found:
        raise RejectedMessage("withdrawal-without-id", "Observation.id", "the id of what is withdrawn", "none")
    try:
        at: Instant | None = effective_at(observation, scope.source.zone)
    except RejectedMessage:
        at = None
    return _event(observation, found, at, scope), Parts([], [], [], True)


def _event(
    observation: Observation, found: tuple[Measure, ...], at: Instant | None, scope: Scope
) -> ObservationVersion:
    status: Any = observation.status
    withdrawn = status in _WITHDRAWN
    patient = patient_id(observation.subject, scope.local)
    encounter = encounter_id(observation.encounter, scope.local)
    fact = resource_id(observation.id, "Observation") or content_id((patient, at, found))
    kept = () if withdrawn else found
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
