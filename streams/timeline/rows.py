"""Facts as rows of fixed width, one a measure: how they are held in memory and written to the changelog."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.errors import ContractError
from streams.records import Measure, Version
from streams.timeline.codebook import CODEBOOK, PLACE
from streams.timeline.held import Held
from streams.vocabulary import INDEX, QUANTITIES

PACKED = struct.Struct("<16s8sqqqqdHHHhBB")
ROW = np.dtype(
    [
        ("id", "V16"),
        ("digest", "V8"),
        ("effective_at", "<i8"),
        ("newest_at", "<i8"),
        ("last_updated", "<i8"),
        ("version_id", "<i8"),
        ("value", "<f8"),
        ("source", "<u2"),
        ("encounter", "<u2"),
        ("component", "<u2"),
        ("code", "<i2"),
        ("state", "u1"),
        ("flags", "u1"),
    ]
)
"""One measure, with what is known of its resource; a resource without measures has one row with `NO_CODE`.

``source``, ``encounter`` and ``component`` are places in the table of names; ``state`` is the status rank and, in its
upper half, the length of the digest. The rows of one resource stand together, the first with `FIRST`. Part of the
schema.
"""
SIZE = ROW.itemsize
RANDOM = 24
"""Bytes at the beginning of a row that no compression makes smaller: id and digest."""

NEVER = -(2**63)
"""Stands for an instant that is not known."""
NO_CODE = -1
"""Codes below it stand in the table of names, at ``-2 - code``."""

KIND, WITHDRAWN, REVISED, FIRST, VOID, FOREVER, ALONE = 0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80
"""Flags. `ALONE`: nothing but another pressure keeps it from the models."""
DERIVED = VOID | ALONE
"""Not written: other words, or another vocabulary, may say otherwise."""
TEXT, UUID, CONTENT, DIGEST = range(4)
"""How a resource's id stands in its 16 bytes: itself; a UUID's bytes; those of ``sha-`` and hex digits; a digest of an
id that has no such form, which then stands among the texts."""
_CONTENT = "sha-"
_FLAG = "Flag/"
_MOST_SHOWN = 256

_NOTHING = Measure("", "", 0.0)
"""What a resource without measures has."""

Rows = NDArray[Any]
"""Of dtype `ROW`, shape (n,)."""


class Words(NamedTuple):
    """The strings that rows refer to."""

    names: list[str]
    """The first is the empty one."""
    texts: dict[bytes, str]
    """Digest to id."""
    shown: dict[bytes, str]
    """UUIDs as text, of those that were asked for lately: every score names up to 50."""

    def place(self, name: str) -> int:
        """Return the place of a name, which is added where it is new."""
        try:
            return self.names.index(name)
        except ValueError:
            self.names.append(name)
            return len(self.names) - 1


def no_words() -> Words:
    """Return an empty table."""
    return Words([""], {}, {})


def words_of(names: list[str], texts: list[str]) -> Words:
    """Return the table that is written as its names, and as the ids that stand in rows as digests."""
    return Words(names, {identify(text)[1]: text for text in texts}, {})


def identify(resource_id: str) -> tuple[int, bytes]:
    """Return how an id stands in a row, and its 16 bytes there."""
    length = len(resource_id)
    if length == 36:
        kind, raw = (
            (CONTENT, _hex(resource_id[4:]))
            if resource_id.startswith(_CONTENT)
            else (UUID, _hex(resource_id.replace("-", "")))
        )
        if raw is not None and _text(kind, raw) == resource_id:
            return kind, raw
    elif length <= 16:
        raw = resource_id.encode()
        if len(raw) <= 16 and b"\0" not in raw:
            return TEXT, raw.ljust(16, b"\0")
    return DIGEST, blake2b(resource_id.encode(), digest_size=16).digest()


def _hex(text: str) -> bytes | None:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None
    return raw if len(raw) == 16 else None


def _text(kind: int, raw: bytes) -> str:
    if kind == TEXT:
        return raw.rstrip(b"\0").decode()
    text = raw.hex()
    return _CONTENT + text if kind == CONTENT else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def id_of(kind: int, raw: bytes, words: Words) -> str:
    """Return the id that stands in a row."""
    if kind == DIGEST:
        return words.texts[raw]
    if kind != UUID:
        return _text(kind, raw)
    shown = words.shown.get(raw)
    if shown is None:
        if len(words.shown) >= _MOST_SHOWN:
            words.shown.clear()
        shown = words.shown[raw] = _text(kind, raw)
    return shown


def rows_of(one: Held, words: Words, *, void: bool = False, identity: tuple[int, bytes] | None = None) -> bytes:
    """Return the rows of one resource.

    Parameters
    ----------
    identity
        From `identify`, where it is known already.

    Raises
    ------
    ContractError
        Where it holds more than `streams.normalise` gives: a longer digest, a larger number.
    """
    kind, raw = identity or identify(one.resource_id)
    if kind == DIGEST:
        words.texts[raw] = one.resource_id
    v, dated = one.version, one.effective_at is not None
    flags = kind | FIRST | WITHDRAWN * one.withdrawn | REVISED * one.revised | VOID * void
    flags |= FOREVER * one.resource_id.startswith(_FLAG)
    head = raw, v.digest, _at(one.effective_at), _at(one.newest_at), v.last_updated, v.version_id
    source, encounter, state = (
        words.place(one.source),
        words.place(one.encounter_id),
        v.status_rank | len(v.digest) << 4,
    )
    if state > 0x8F or v.status_rank > 0xF:
        raise _too_large()
    rows = []
    try:
        for m in one.measures or (_NOTHING,):
            code = PLACE.get(m.code, NO_CODE) if m.code in PLACE or m is _NOTHING else -2 - words.place(m.code)
            component = 0 if m.component == m.code else words.place(m.component)
            alone = ALONE * (dated and not void and m.code in INDEX and QUANTITIES[INDEX[m.code]].plausible(m.value))
            rows.append(PACKED.pack(*head, m.value, source, encounter, component, code, state, flags | alone))
            flags &= ~FIRST
    except struct.error as error:
        raise _too_large() from error
    return b"".join(rows)


def _at(instant: Instant | None) -> int:
    return NEVER if instant is None else instant


def _too_large() -> ContractError:
    return ContractError(
        "state: expected a resource as normalise writes it, received one with a longer digest or a larger number; "
        "is the topic used by another program?"
    )


def held_of(rows: bytes, words: Words) -> Iterator[Held]:
    """Yield the resources that rows hold."""
    waiting: list[tuple[Any, ...]] = []
    for row in PACKED.iter_unpack(rows):
        if row[-1] & FIRST and waiting:
            yield _held(waiting, words)
            waiting = []
        waiting.append(row)
    if waiting:
        yield _held(waiting, words)


def _held(rows: Sequence[tuple[Any, ...]], words: Words) -> Held:
    raw, digest, effective, newest, last_updated, version_id, _, source, encounter, _, _, state, flags = rows[0]
    return Held(
        words.names[source],
        id_of(flags & KIND, raw, words),
        Version(last_updated, version_id, state & 15, digest[: state >> 4]),
        bool(flags & WITHDRAWN),
        None if effective == NEVER else effective,
        None if newest == NEVER else newest,
        bool(flags & REVISED),
        words.names[encounter],
        tuple(_measure(row, words.names) for row in rows if row[10] != NO_CODE),
    )


def _measure(row: tuple[Any, ...], names: list[str]) -> Measure:
    code = CODEBOOK[row[10]] if row[10] >= 0 else names[-2 - row[10]]
    return Measure(names[row[9]] or code, code, row[6])


def find(rows: bytes, kind: int, raw: bytes, source: int) -> tuple[int, int] | None:
    """Return where the rows of one resource begin and end; None where it is not among them."""
    start = rows.find(raw)
    while start >= 0:
        if start % SIZE == 0 and _is_first_of(rows, start, kind, source):
            end = start + SIZE
            while end < len(rows) and not rows[end + SIZE - 1] & FIRST:
                end += SIZE
            return start, end
        start = rows.find(raw, start + 1)
    return None


def _is_first_of(rows: bytes, start: int, kind: int, source: int) -> bool:
    flags = rows[start + SIZE - 1]
    return bool(flags & FIRST) and flags & KIND == kind and rows[start + 64] | rows[start + 65] << 8 == source


def viewed(rows: bytes) -> Rows:
    """Return rows as an array, which cannot be written."""
    return np.frombuffer(rows, ROW)


def narrowed(rows: Rows, words: Words) -> tuple[Rows, Words]:
    """Return rows with a table of nothing but what they refer to; a copy where the table was larger."""
    used = {0, *rows["source"].tolist(), *rows["encounter"].tolist(), *rows["component"].tolist()}
    used |= {-2 - code for code in set(rows["code"].tolist()) if code < NO_CODE}
    digests = rows["id"][rows["flags"] & KIND == DIGEST].tolist() if words.texts else []
    texts = {raw: words.texts[raw] for raw in digests}
    if len(used) == len(words.names):
        return rows, Words(words.names, texts, {})
    names = [words.names[place] for place in sorted(used)]
    return moved(rows, {place: new for new, place in enumerate(sorted(used))}), Words(names, texts, {})


def moved(rows: Rows, places: dict[int, int]) -> Rows:
    """Return a copy of rows whose names stand in other places."""
    table = np.zeros(max(places) + 1, np.int64)
    table[list(places)] = list(places.values())
    new = rows.copy()
    for field in ("source", "encounter", "component"):
        new[field] = table[rows[field]]
    odd = rows["code"] < NO_CODE
    new["code"][odd] = -2 - table[-2 - rows["code"][odd].astype(np.int64)]
    return new


def taken_over(rows: Rows, theirs: Words, words: Words) -> Rows:
    """Return rows that referred to another table, for this one, which grows by what it lacks."""
    words.texts.update(theirs.texts)
    if len(words.names) == 1:
        words.names.extend(theirs.names[1:])
    if theirs.names == words.names[: len(theirs.names)]:
        return rows
    return moved(rows, {place: words.place(name) for place, name in enumerate(theirs.names)})
