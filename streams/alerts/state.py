"""A patient's alerts as they are written to the changelog."""

from __future__ import annotations

import struct

import msgspec

from streams.alerts.assessed import unpacked
from streams.alerts.course import Course
from streams.alerts.life import Life, Place
from streams.alerts.policy import Policy
from streams.alerts.watch import Watch
from streams.clock import Instant
from streams.errors import ContractError

SCHEMA = 1
AT_ONCE: Instant = -(2**62)
NEVER: Instant = 2**62
_HEAD = struct.Struct("<Bq")


class _Kept(msgspec.Struct, array_like=True):
    ward: str
    encounter_id: str
    settled: Instant
    start: dict[str, Course]
    heard: tuple[str, ...]
    said: list[Life]
    rows: bytes


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Kept).decode


def written(watch: Watch, due: Instant | None) -> bytes:
    """Write what is known of one patient's alerts: 9 bytes for each minute assessed in the look-back, and lives.

    Parameters
    ----------
    due
        When passing time alone brings about something next; None where it does not.
    """
    kept = _Kept(*watch.place, watch.settled, watch.start, watch.heard, list(watch.said.values()), bytes(watch.packed))
    # Whoever takes over tells again what it finds, for it may have been lost on the way.
    return _HEAD.pack(SCHEMA, AT_ONCE if watch.said else NEVER if due is None else due) + _pack(kept)


def due_of(raw: bytes) -> Instant:
    """Return when a patient's alerts have to be looked at though nothing comes; `NEVER` where they have not."""
    due: Instant = _HEAD.unpack_from(raw)[1] if raw[:1] == bytes([SCHEMA]) else AT_ONCE
    return due


def read(raw: bytes, policy: Policy) -> Watch:
    """Read what is known of one patient's alerts; `Watch.restored` makes it usable.

    Raises
    ------
    ContractError
        Where the bytes are of another schema version or broken.
    """
    if raw[:1] != bytes([SCHEMA]):
        raise ContractError(
            f"state changelog: expected alerts of schema version {SCHEMA}, received another; "
            "run the version that wrote it, or migrate the state first"
        )
    try:
        kept = _unpack(memoryview(raw)[_HEAD.size :])
        rows = unpacked(kept.rows)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ContractError(
            "state changelog: a piece of alerts does not decode; expected what this version writes; "
            "restore the topic from a backup, or delete it and replay the inputs"
        ) from error
    watch = Watch(policy)
    watch.place = Place(kept.ward, kept.encounter_id)
    watch.settled, watch.start, watch.heard = kept.settled, kept.start, kept.heard
    watch.rows, watch.packed = rows, bytearray(kept.rows)
    watch.said = {life.key: life for life in kept.said}
    return watch
