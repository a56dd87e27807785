"""The compact binary form of the state's pieces on the changelog, with a schema version in the first byte."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import TypeVar

import msgspec

from streams.errors import ContractError
from streams.records import Identity, Measure, Overruling, Version
from streams.timeline.held import Held, HeldEncounter, HeldPatient

SCHEMA = 2
READABLE = (1, 2)
"""Version 1 had no identities in a Patient, and none of the pieces of encounters, identities and overrulings. It is
read as it is; a piece is written anew, in this version, when it is next touched."""

CODEBOOK: tuple[str, ...] = (
    "8867-4", "9279-1", "2708-6", "8310-5", "8480-6", "8462-4", "8478-0", "9269-2", "9267-6", "9270-0", "9268-4",
    "3151-8", "3150-6", "29463-7", "8302-2", "1751-7", "6768-6", "1742-6", "1920-8", "1975-2", "3094-0", "2093-3",
    "2160-0", "2345-7", "1963-8", "4544-3", "2823-3", "2524-7", "19123-9", "2951-2", "2019-8", "2703-7", "2744-1",
    "777-3", "10839-9", "6598-7", "6690-2", "9187-6", "80288-4", "supplemental-oxygen", "news2-spo2-scale-2",
)  # fmt: skip
"""Codes that the state writes as their place here. Part of the schema: append only, never reorder."""

_PLACE = {code: place for place, code in enumerate(CODEBOOK)}

Row = tuple[str, bytes, tuple[int, int, int, bytes], int, int | None, int | None, bytes, list[int | float | str]]
"""source, resource id, version, flags, effective_at, newest_at - effective_at, encounter, then per measure: the code's
place or the code itself, value, and component where it is not the code."""


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
_slot_decoder = msgspec.msgpack.Decoder(list[Row])
_people_decoder = msgspec.msgpack.Decoder(list[HeldPatient])
_encounters_decoder = msgspec.msgpack.Decoder(list[HeldEncounter])
_words_decoder = msgspec.msgpack.Decoder(list[Identity])
_overrulings_decoder = msgspec.msgpack.Decoder(list[Overruling])
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


def pack(resource: Held) -> bytes:
    """Write one resource; a slot is these one after the other, so that a new fact costs one of them."""
    flags = int(resource.withdrawn) | int(resource.revised) << 1
    effective, newest = resource.effective_at, resource.newest_at
    v = resource.version
    measures: list[int | float | str] = []
    for m in resource.measures:
        number = int(m.value) if m.value.is_integer() and abs(m.value) < 2**31 else m.value
        measures += (_PLACE.get(m.code, m.code), number, "" if m.component == m.code else m.component)
    row: Row = (
        resource.source,
        _short(resource.resource_id),
        (v.last_updated, v.version_id, v.status_rank, v.digest),
        flags,
        effective,
        None if newest is None else newest - (effective or 0),
        _short(resource.encounter_id),
        measures,
    )
    return _pack(row)


def encode_slot(packed: Collection[bytes]) -> bytes:
    """Write the resources of one slot of clinical time, each as `pack` wrote it."""
    count = len(packed)
    # The header of a MessagePack array (msgpack.org specification, array format family).
    head = bytes([0x90 | count]) if count < 16 else b"\xdd" + count.to_bytes(4, "big")
    return bytes([SCHEMA]) + head + b"".join(packed)


def decode_slot(raw: bytes) -> list[Held]:
    """Read the resources of one slot.

    Raises
    ------
    ContractError
        Where the bytes are of another schema version or broken.
    """
    try:
        return [_held(row) for row in _slot_decoder.decode(_body(raw))]
    except (msgspec.MsgspecError, IndexError, ValueError) as error:
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


def _short(text: str) -> bytes:
    """Half the bytes for the usual UUID; only where reading gives back the very same text."""
    if len(text) == 36:
        try:
            value = uuid.UUID(text)
        except ValueError:
            return text.encode()
        if str(value) == text:
            return b"\0" + value.bytes
    return text.encode()


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
