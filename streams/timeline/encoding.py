"""The compact binary form of the state's pieces on the changelog, with a schema version in the first byte."""

from __future__ import annotations

import uuid

import msgspec

from streams.errors import ContractError
from streams.records import Measure, Version
from streams.timeline.held import Held, HeldPatient

SCHEMA = 1

Row = tuple[int, bytes, tuple[int, int, int, bytes], int, int | None, int | None, bytes, list[int | float | str]]
"""source, resource id, version, flags, effective_at - base, newest_at - effective_at, encounter, measures."""


class PieceKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Key of one piece on the changelog; its bytes are what compaction goes by."""

    patient_id: str
    """Empty for pieces that belong to the partition itself."""
    piece: int
    """Clinical hour number, or one of the special piece numbers."""
    epoch: int
    """Ownership under which it was written; recovery unites the pieces of all epochs."""
    mark: bytes
    """Random mark of the writing process, so that two owners never share a key."""


class _HourPiece(msgspec.Struct, frozen=True, array_like=True):
    base: int
    sources: list[str]
    codes: list[str]
    rows: list[Row]


_pack = msgspec.msgpack.Encoder().encode
_hour_decoder = msgspec.msgpack.Decoder(_HourPiece)
_people_decoder = msgspec.msgpack.Decoder(list[HeldPatient])
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


def encode_hour(resources: list[Held]) -> bytes:
    """Write the resources of one hour; about 50 bytes a fact."""
    ordered = sorted(resources, key=lambda r: r.key)
    base = min((r.effective_at for r in ordered if r.effective_at is not None), default=0)
    sources = sorted({r.source for r in ordered})
    codes = sorted({m.code for r in ordered for m in r.measures})
    rows = [_row(r, base, sources, codes) for r in ordered]
    return bytes([SCHEMA]) + _pack(_HourPiece(base, sources, codes, rows))


def decode_hour(raw: bytes) -> list[Held]:
    """Read the resources of one hour.

    Raises
    ------
    ContractError
        Where the bytes are of another schema version or broken.
    """
    try:
        piece = _hour_decoder.decode(_body(raw))
        return [_held(row, piece) for row in piece.rows]
    except (msgspec.MsgspecError, IndexError, ValueError) as error:
        raise _broken() from error


def encode_patients(patients: list[HeldPatient]) -> bytes:
    """Write a patient's demographics."""
    return bytes([SCHEMA]) + _pack(sorted(patients, key=lambda p: p.key))


def decode_patients(raw: bytes) -> list[HeldPatient]:
    """Read a patient's demographics."""
    try:
        return _people_decoder.decode(_body(raw))
    except msgspec.MsgspecError as error:
        raise _broken() from error


def encode_number(number: int) -> bytes:
    """Write a piece that is one number: an epoch or the highest tick acted on."""
    return bytes([SCHEMA]) + _pack(number)


def decode_number(raw: bytes) -> int:
    """Read a piece that is one number."""
    try:
        return msgspec.msgpack.decode(_body(raw), type=int)
    except msgspec.MsgspecError as error:
        raise _broken() from error


def _body(raw: bytes) -> memoryview:
    if not raw or raw[0] != SCHEMA:
        found = raw[0] if raw else "nothing"
        raise ContractError(
            f"state changelog: expected schema version {SCHEMA}, received {found}; "
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


def _row(r: Held, base: int, sources: list[str], codes: list[str]) -> Row:
    flags = int(r.withdrawn) | int(r.revised) << 1
    effective = None if r.effective_at is None else r.effective_at - base
    newest = None if r.newest_at is None else r.newest_at - (r.effective_at or 0)
    version = (r.version.last_updated, r.version.version_id, r.version.status_rank, r.version.digest)
    measures: list[int | float | str] = []
    for m in r.measures:
        number = int(m.value) if m.value.is_integer() and abs(m.value) < 2**31 else m.value
        measures += [codes.index(m.code), number, "" if m.component == m.code else m.component]
    return (
        sources.index(r.source),
        _short(r.resource_id),
        version,
        flags,
        effective,
        newest,
        _short(r.encounter_id),
        measures,
    )


def _held(row: Row, piece: _HourPiece) -> Held:
    source, resource_id, version, flags, effective, newest, encounter, flat = row
    effective_at = None if effective is None else effective + piece.base
    return Held(
        piece.sources[source],
        _long(resource_id),
        Version(*version),
        bool(flags & 1),
        effective_at,
        None if newest is None else newest + (effective_at or 0),
        bool(flags & 2),
        _long(encounter),
        tuple(_measure(flat[i : i + 3], piece.codes) for i in range(0, len(flat), 3)),
    )


def _measure(triple: list[int | float | str], codes: list[str]) -> Measure:
    index, value, component = int(triple[0]), float(triple[1]), str(triple[2])
    return Measure(component or codes[index], codes[index], value)
