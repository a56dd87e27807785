"""A timeline at rest: one run of bytes, a third of what it takes open, that is opened again in 40 µs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from streams.clock import Instant
from streams.records import AlertCommand
from streams.timeline.held import HeldEncounter, HeldPatient
from streams.timeline.retention import Retention
from streams.timeline.rows import NEVER, RANDOM, ROW, SIZE, Rows, identify, narrowed, viewed, words_of
from streams.timeline.studies import HeldStudy, Resource
from streams.timeline.timeline import Timeline

_HEAD = struct.Struct("<qqII")
_IDS = _HEAD.size
_ID = ROW["id"].itemsize
_pack = msgspec.msgpack.Encoder().encode


class _Rest(msgspec.Struct, array_like=True):
    """What is held beside the rows."""

    names: list[str]
    texts: list[str]
    patients: list[HeldPatient]
    encounters: list[HeldEncounter]
    studies: list[HeldStudy]
    commands: list[AlertCommand]
    older: dict[int, tuple[int, ...]]
    signatures: tuple[int, ...]


_unpack = msgspec.msgpack.Decoder(tuple[_Rest, bytes]).decode


class Instants(NamedTuple):
    """What is asked of a timeline at rest; each `NEVER` where there is none."""

    newest_usable: Instant
    horizon: Instant


def closed(timeline: Timeline) -> bytes:
    """Return the bytes of a timeline of which nothing waits to be written.

    First what tells whether it holds a fact, then what no compression makes smaller, then the rest, compressed byte by
    byte of all rows: instants as differences, so that most bytes are 0.
    """
    rows = viewed(timeline.facts.raw)
    rows, words = narrowed(rows[np.argsort(rows["effective_at"], kind="stable")], timeline.facts.words)
    beside = timeline.beside()
    ids = rows["id"].tobytes() + b"".join(identify(one.resource_id)[1] for one in beside)
    horizon = NEVER if timeline.horizon is None else timeline.horizon
    head = _HEAD.pack(timeline.facts.newest_usable(), horizon, len(rows), len(beside))
    people = list(timeline.patients.values())
    stays, studies = list(timeline.encounters.values()), list(timeline.studies.held.values())
    texts = list(words.texts.values())
    commands = list(timeline.commands.values())
    rest = _Rest(words.names, texts, people, stays, studies, commands, timeline.older, timeline.signatures)
    packed = zlib.compress(_pack((rest, _differences(rows).T.tobytes())), 1)
    return b"".join((head, ids, rows["digest"].tobytes(), packed))


def opened(raw: bytes, retention: Retention, voids: Callable[[Resource], bool]) -> Timeline:
    """Return the timeline that was closed."""
    _, horizon, count, beside = _HEAD.unpack_from(raw)
    random = _IDS + _ID * beside + count * RANDOM
    rest, columns = _unpack(zlib.decompress(memoryview(raw)[random:]))
    timeline = Timeline(retention, voids)
    timeline.patients = {one.key: one for one in rest.patients}
    timeline.encounters = {one.key: one for one in rest.encounters}
    timeline.studies.held = {one.key: one for one in rest.studies}
    timeline.commands = {one.command_id: one for one in rest.commands}
    timeline.horizon = None if horizon == NEVER else horizon
    timeline.older, timeline.signatures = rest.older, rest.signatures
    timeline.facts.hold(_rows(raw, count, random, columns).tobytes(), words_of(rest.names, rest.texts))
    return timeline


def instants(raw: bytes) -> Instants:
    """Return what is asked of a timeline at rest."""
    newest, horizon, _, _ = _HEAD.unpack_from(raw)
    return Instants(newest, horizon)


def may_hold(raw: bytes, resource: bytes) -> bool:
    """Tell whether a timeline at rest may hold a resource; almost never where it does not.

    Parameters
    ----------
    resource
        The 16 bytes of its id, from `rows.identify`.
    """
    _, _, count, beside = _HEAD.unpack_from(raw)
    return raw.find(resource, _IDS, _IDS + _ID * (count + beside)) >= 0


def _differences(rows: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Return all but ids and digests, shape (rows, bytes); what is not known stays what it is."""
    new = rows.copy()
    at, updated = rows["effective_at"], rows["last_updated"]
    new["effective_at"][1:] -= at[:-1]
    new["newest_at"] -= at
    new["last_updated"] = np.where(updated == 0, NEVER, updated - at)
    return new.view(np.uint8).reshape(-1, SIZE)[:, RANDOM:]


def _rows(raw: bytes, count: int, end: int, columns: bytes) -> Rows:
    """Undo `closed`."""
    whole = np.empty((count, SIZE), np.uint8)
    whole[:, RANDOM:] = np.frombuffer(columns, np.uint8).reshape(SIZE - RANDOM, count).T
    rows: Rows = whole.view(ROW).reshape(-1)
    rows["id"] = np.frombuffer(raw, "V16", count, _IDS)
    rows["digest"] = np.frombuffer(raw, "V8", count, end - 8 * count)
    at = rows["effective_at"] = np.cumsum(rows["effective_at"])
    rows["newest_at"] += at
    lag = rows["last_updated"]
    rows["last_updated"] = np.where(lag == NEVER, 0, lag + at)
    return rows
