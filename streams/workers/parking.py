"""Facts that name a patient by an identifier that no Patient has yet: parked, and given up after a limit."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from streams import metrics, topics
from streams.clock import HOUR, Instant
from streams.identity import is_alias
from streams.records import DeadLetter
from streams.timeline.held import Held
from streams.timeline.pieces import Piece
from streams.timeline.share import Share
from streams.timeline.studies import HeldStudy, Resource

UNKNOWN = "patient-unknown"
_encode = msgspec.json.Encoder().encode


def park(share: Share, identities: Iterable[str]) -> list[Piece]:
    """Note which of these aliases wait for their patient, and which do not any more."""
    pieces: list[Piece] = []
    for identity in identities:
        if is_alias(identity) and identity in share.timelines:
            waits = share.identities.resolve(identity) == identity
            pieces += share.park(identity) if waits else share.unpark(identity)
    return pieces


def given_up(share: Share, number: int, limit_ms: Instant) -> tuple[list[Piece], list[DeadLetter]]:
    """Forget what has waited beyond the limit at the present tick; each of its facts is a counted dead letter.

    Returns
    -------
    pieces
        Removals from the state.
    letters
        One for each resource held.
    """
    tick = share.tick or 0
    pieces: list[Piece] = []
    letters: list[DeadLetter] = []
    for alias in [name for name, since in share.parked.items() if tick - since >= limit_ms]:
        # The Patient may have come just now, or what said that the wait was over was lost.
        if share.identities.resolve(alias) == alias:
            held = sorted(_held(share, alias), key=lambda one: one.key)
            letters += [_letter(one, number, tick, limit_ms) for one in held]
            pieces += share.drop(alias)
        pieces += share.unpark(alias)
    for letter in letters:
        metrics.DEAD_LETTERS.labels(letter.source, letter.reason).inc()
    return pieces, letters


def _held(share: Share, alias: str) -> list[Resource]:
    if alias not in share.timelines:
        return []
    timeline = share.timelines[alias]
    return [*timeline.resources(), *timeline.beside()]


def _topic(resource: Resource) -> str:
    if isinstance(resource, HeldStudy):
        return topics.PREDICTIONS_NOTES if resource.is_note else topics.PREDICTIONS_IMAGING
    return topics.EVENTS_OBSERVATIONS if isinstance(resource, Held) else topics.EVENTS_PATIENTS


def _letter(resource: Resource, number: int, tick: Instant, limit_ms: Instant) -> DeadLetter:
    return DeadLetter(
        reason=UNKNOWN,
        field="subject.identifier",
        expected=f"a Patient with that identifier within {limit_ms / HOUR:g} h",
        received="none",
        source=resource.source,
        topic=_topic(resource),
        partition=number,
        offset=-1,
        entry=-1,
        sha256=resource.version.digest.hex(),
        received_at=tick,
        payload=_encode(resource),
    )
