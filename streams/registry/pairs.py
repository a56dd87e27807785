"""What two versions of a model said of the same facts, side by side, from `predictions.bedside`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from streams import topics
from streams.clock import Instant
from streams.publish.headers import FACTS
from streams.records import Level, Mode
from streams.settings import Settings
from streams.transport.reading import batches_to_end, reading

Key = tuple[str, str]
"""Patient, and the digest of the facts that were seen."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """What is compared of one prediction; the inputs that it lists are not kept."""

    patient_id: str
    model: str
    version: str
    as_of: Instant
    value: float | None = None
    level: Level = "indeterminate"
    mode: Mode = "live"


_decode = msgspec.json.Decoder(Said).decode


class Pair(msgspec.Struct, frozen=True):
    """Both versions on the same facts of one patient."""

    patient_id: str
    as_of: Instant
    live: float | None
    """Value; None where it gave none."""
    candidate: float | None
    live_level: Level
    candidate_level: Level

    @property
    def both(self) -> bool:
        """Whether both gave a value."""
        return self.live is not None and self.candidate is not None


class Pairs(msgspec.Struct, frozen=True):
    """All pairs in order of clinical time, and what found no counterpart."""

    pairs: tuple[Pair, ...]
    live: str
    """Version."""
    candidate: str
    alone: dict[str, int]
    """Predictions by one version alone, by version: it was not asked then, did not answer, or its word was lost."""


async def pairs_of(settings: Settings, model: str, candidate: str, against: str = "", since: Instant = 0) -> Pairs:
    """Read what stands on `predictions.bedside` of two versions.

    Parameters
    ----------
    against
        The other version; empty for whichever was live when the candidate was beside it.
    since
        Wall clock: what was published before is left out.
    """
    found: list[tuple[Said, str]] = []
    async with reading(settings, "cardiostream-report") as consumer:
        for number in range(settings.partitions):
            async for batch in batches_to_end(consumer, topics.PREDICTIONS, number):
                found += said([record for record in batch if record.timestamp >= since], model)
    return paired(found, candidate, against)


def said(records: Iterable[Any], model: str) -> list[tuple[Said, str]]:
    """Return the predictions of one model, each with the digest of its facts; older records have none and are left."""
    heads = ((record, dict(record.headers).get(FACTS, b"").decode()) for record in records)
    both = [(_decode(record.value), facts) for record, facts in heads if facts]
    return [(prediction, facts) for prediction, facts in both if prediction.model == model]


def paired(found: Iterable[tuple[Said, str]], candidate: str, against: str = "") -> Pairs:
    """Pair predictions by patient and facts; of repeats of one version the last counts."""
    beside: dict[Key, Said] = {}
    other: dict[str, dict[Key, Said]] = {}
    lives: dict[str, int] = {}
    for prediction, facts in found:
        key = prediction.patient_id, facts
        if prediction.version == candidate:
            beside[key] = prediction
        else:
            other.setdefault(prediction.version, {})[key] = prediction
            lives[prediction.version] = lives.get(prediction.version, 0) + _is_live(prediction.mode)
    version = against or max(other, key=lambda v: (len(other[v].keys() & beside.keys()), lives[v], v), default="")
    theirs = other.get(version, {})
    pairs = [_pair(theirs[key], beside[key]) for key in theirs.keys() & beside.keys()]
    alone = {version: len(theirs.keys() - beside.keys()), candidate: len(beside.keys() - theirs.keys())}
    ordered = sorted(pairs, key=lambda pair: (pair.as_of, pair.patient_id))
    return Pairs(tuple(ordered), version, candidate, {name: n for name, n in alone.items() if name})


def _pair(live: Said, candidate: Said) -> Pair:
    return Pair(live.patient_id, live.as_of, live.value, candidate.value, live.level, candidate.level)


def _is_live(mode: Mode) -> bool:
    return mode == "live"
