"""The compact binary form of the state's pieces on the changelog, with a schema version in the first byte."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from streams.errors import ContractError
from streams.records import AlertCommand, Identity, Measure, Overruling, Version
from streams.timeline.codebook import CODEBOOK
from streams.timeline.held import Held, HeldEncounter, HeldPatient
from streams.timeline.rows import SIZE, Rows, Words, held_of, words_of
from streams.timeline.studies import HeldStudy

SCHEMA = 3
READABLE = (1, 2, 3)
"""Version 1 had no identities in a Patient, and none of the pieces of encounters, identities and overrulings. Up to
version 2 facts were MessagePack, not rows. Each is read as it is; a piece is written anew, in this version, when it is
next touched."""

Row = tuple[str, bytes, tuple[int, int, int, bytes], int, int | None, int | None, bytes, list[int | float | str]]
"""source, resource id, version, flags, effective_at, newest_at - effective_at, encounter, then per measure: the code's
place or the code itself, value, and component where it is not the code. As versions 1 and 2 wrote a resource."""


class PieceKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Key of one piece on the changelog; its bytes are what compaction goes by."""

    patient_id: str
    """Empty for pieces that belong to the partition itself."""
    piece: int
    """Number of the slot of clinical time, or one of the special piece numbers."""
    epoch: int
    """Ownership under which it was written; recovery unites the pieces of all epochs."""
    mark: bytes
    """Random mark of the writing process, so that two owners never share a key."""


_pack = msgspec.msgpack.Encoder().encode
_HEAD = struct.Struct("<BI")
ROWS_SINCE = 3
_slot_decoder = msgspec.msgpack.Decoder(list[Row])
_table_decoder = msgspec.msgpack.Decoder(tuple[list[str], list[str]])
_people_decoder = msgspec.msgpack.Decoder(list[HeldPatient])
_encounters_decoder = msgspec.msgpack.Decoder(list[HeldEncounter])
_studies_decoder = msgspec.msgpack.Decoder(list[HeldStudy])
_commands_decoder = msgspec.msgpack.Decoder(list[AlertCommand])
_words_decoder = msgspec.msgpack.Decoder(list[Identity])
_overrulings_decoder = msgspec.msgpack.Decoder(list[Overruling])
_text_decoder = msgspec.msgpack.Decoder(str)
T = TypeVar("T")
_key_decoder = msgspec.msgpack.Decoder(PieceKey)


def encode_key(key: PieceKey) -> bytes:
    """Write a piece's key."""
    return _pack(key)


def decode_key(raw: bytes) -> PieceKey:
    """Read a piece's key.

    Raises
    ------
    ContractError
        Where the key is not one of ours.
    """
    try:
        return _key_decoder.decode(raw)
    except msgspec.MsgspecError as error:
        raise ContractError(
            "state changelog: expected a piece key, received other bytes; is the topic used by another program?"
        ) from error


def encode_slot(rows: Rows, words: Words) -> bytes:
    """Write the facts of one slot of clinical time.

    Parameters
    ----------
    rows
        Without what is derived.
    words
        What the rows refer to, and nothing else.
    """
    head = _pack((words.names, list(words.texts.values())))
    return _HEAD.pack(SCHEMA, len(head)) + head + rows.tobytes()


def decode_slot(raw: bytes) -> list[Held]:
    """Read the resources of one slot, in any version.

    Raises
    ------
    ContractError
        Where the bytes are of another schema version or broken.
    """
    body = _body(raw)
    try:
        if raw[0] < ROWS_SINCE:
            return [_held(row) for row in _slot_decoder.decode(body)]
        head, rows = split_slot(raw)
        return list(held_of(rows, decode_words_of(head)))
    except (msgspec.MsgspecError, IndexError, KeyError, ValueError) as error:
        raise _broken() from error


def split_slot(raw: bytes) -> tuple[bytes, bytes]:
    """Return the table of a slot as it is written, which tells pieces with the same table, and its rows."""
    end = _HEAD.size + _HEAD.unpack_from(raw)[1] if len(raw) > _HEAD.size else len(raw)
    if (len(raw) - end) % SIZE or len(raw) <= end:
        raise _broken()
    return raw[_HEAD.size : end], raw[end:]


def decode_words_of(head: bytes) -> Words:
    """Read the table of a slot."""
    try:
        return words_of(*_table_decoder.decode(head))
    except msgspec.MsgspecError as error:
        raise _broken() from error


def encode_patients(patients: Iterable[HeldPatient]) -> bytes:
    """Write a patient's demographics."""
    return _whole(sorted(patients, key=lambda p: p.key))


def decode_patients(raw: bytes) -> list[HeldPatient]:
    """Read a patient's demographics."""
    return _read(_people_decoder, raw)


def encode_encounters(encounters: Iterable[HeldEncounter]) -> bytes:
    """Write a patient's encounters."""
    return _whole(sorted(encounters, key=lambda e: e.key))


def decode_encounters(raw: bytes) -> list[HeldEncounter]:
    """Read a patient's encounters."""
    return _read(_encounters_decoder, raw)


def encode_studies(studies: Iterable[HeldStudy]) -> bytes:
    """Write what is said of a patient's imaging studies."""
    return _whole(sorted(studies, key=lambda s: s.key))


def decode_studies(raw: bytes) -> list[HeldStudy]:
    """Read what is said of a patient's imaging studies."""
    return _read(_studies_decoder, raw)


def encode_commands(commands: Iterable[AlertCommand]) -> bytes:
    """Write what people say of a patient's alerts."""
    return _whole(sorted(commands, key=lambda one: one.command_id))


def decode_commands(raw: bytes) -> list[AlertCommand]:
    """Read what people say of a patient's alerts."""
    return _read(_commands_decoder, raw)


def encode_words(words: Iterable[Identity]) -> bytes:
    """Write what is said of one identity."""
    return _whole(sorted(words))


def decode_words(raw: bytes) -> list[Identity]:
    """Read what is said of one identity."""
    return _read(_words_decoder, raw)


def encode_overrulings(overrulings: Iterable[Overruling]) -> bytes:
    """Write some overrulings."""
    return _whole(sorted(overrulings, key=lambda o: (o.source, o.resource_id)))


def decode_overrulings(raw: bytes) -> list[Overruling]:
    """Read some overrulings."""
    return _read(_overrulings_decoder, raw)


def _whole(content: object) -> bytes:
    return bytes([SCHEMA]) + _pack(content)


def _read(decoder: msgspec.msgpack.Decoder[T], raw: bytes) -> T:
    try:
        return decoder.decode(_body(raw))
    except msgspec.MsgspecError as error:
        raise _broken() from error


def encode_number(number: int) -> bytes:
    """Write a piece that is one number: an epoch or the highest tick acted on."""
    return _whole(number)


def decode_number(raw: bytes) -> int:
    """Read a piece that is one number."""
    try:
        return msgspec.msgpack.decode(_body(raw), type=int)
    except msgspec.MsgspecError as error:
        raise _broken() from error


def encode_text(text: str) -> bytes:
    """Write a piece that is one line: what the partition's patients are judged by."""
    return _whole(text)


def decode_text(raw: bytes) -> str:
    """Read a piece that is one line."""
    return _read(_text_decoder, raw)


def _body(raw: bytes) -> memoryview:
    if not raw or raw[0] not in READABLE:
        found = raw[0] if raw else "nothing"
        raise ContractError(
            f"state changelog: expected schema version {' or '.join(map(str, READABLE))}, received {found}; "
            "run the version that wrote it, or migrate the state first"
        )
    return memoryview(raw)[1:]


def _broken() -> ContractError:
    return ContractError(
        "state changelog: a piece does not decode; expected what this version writes; "
        "restore the topic from a backup, or delete it and replay the inputs"
    )


def _long(raw: bytes) -> str:
    return str(uuid.UUID(bytes=raw[1:])) if raw[:1] == b"\0" else raw.decode()


def _held(row: Row) -> Held:
    source, resource_id, version, flags, effective, newest, encounter, flat = row
    return Held(
        source,
        _long(resource_id),
        Version(*version),
        bool(flags & 1),
        effective,
        None if newest is None else newest + (effective or 0),
        bool(flags & 2),
        _long(encounter),
        tuple(_measure(*flat[i : i + 3]) for i in range(0, len(flat), 3)),
    )


def _measure(place: float | str, value: float | str, component: float | str) -> Measure:
    code = place if isinstance(place, str) else CODEBOOK[int(place)]
    return Measure(str(component) or code, code, float(value))
