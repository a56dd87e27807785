"""Bytes of a message to a JSON object, whatever the bytes are."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec

from streams.errors import RejectedMessage
from streams.normalise import shapes

Json = dict[str, Any]

_DECODE = msgspec.json.Decoder().decode
_ENCODE = msgspec.json.Encoder().encode
_LONGEST_INTEGER = 310
_KNOWN_KEYS = frozenset(
    field.encode_name
    for shape in vars(shapes).values()
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    for field in msgspec.structs.fields(shape)
) | {"resourceType", "entry", "resource", "fullUrl", "request"}


class Repeated(dict[str, Any]):
    """A JSON object that names a key twice, or holds such an object."""

    own = False
    key = ""


def _tells_repeats(pairs: list[tuple[str, Any]]) -> Json:
    plain = dict(pairs)
    repeats = len(plain) != len(pairs)
    if not repeats and not any(_holds_repeats(value) for value in plain.values()):
        return plain
    marked = Repeated(plain)
    marked.own = repeats
    if repeats:
        seen: set[str] = set()
        marked.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return marked


def _holds_repeats(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, Repeated) for item in value)
    return isinstance(value, Repeated)


def _integer(digits: str) -> float | int:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float("inf")


def _constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _decode_carefully(value: bytes) -> object:
    """Decode with the standard library: slower, but it tells repeated keys and reads 1e400 as infinite."""
    found: object = json.loads(
        value.decode("utf-8"), object_pairs_hook=_tells_repeats, parse_int=_integer, parse_constant=_constant
    )
    _ENCODE(found)  # raises where a string holds half of a surrogate pair
    return found


def _hides_colon(value: bytes) -> bool:
    return b"\\" in value and (b"\\u003a" in value or b"\\u003A" in value)


def _decode(value: bytes) -> object:
    # A decoder keeps the last of two equal keys. Every key costs one colon, and colons are written as they are unless
    # escaped as \u003a; so a document without that escape repeats no key exactly if writing it again gives as many.
    try:
        found = _DECODE(value)
        if not _hides_colon(value) and _ENCODE(found).count(b":") == value.count(b":"):
            return found
    except msgspec.ValidationError:  # a number beyond the range of a double
        pass
    return _decode_carefully(value)


def refuse_repeats(document: Json, field: str) -> None:
    """Reject an object with a repeated key: which of the two was meant cannot be known."""
    if isinstance(document, Repeated):
        key = document.key if document.key in _KNOWN_KEYS else ""
        where = f"{field}.{key}" if key else field
        raise RejectedMessage("duplicate-key", where, "each key once in a JSON object", "a key that stands twice")


def read(value: bytes | None) -> Json:
    """Read a message's value as one JSON object (RFC 8259, UTF-8).

    Raises
    ------
    RejectedMessage
        ``empty``, ``not-utf8``, ``too-deep``, ``not-json`` or ``not-object``.
    """
    if not value:
        raise RejectedMessage("empty", "", "a FHIR resource as JSON", "no bytes")
    try:
        found = _decode(value)
    except UnicodeDecodeError:
        raise RejectedMessage("not-utf8", "", "JSON in UTF-8", "bytes that are not UTF-8") from None
    except (RecursionError, MemoryError):
        raise RejectedMessage("too-deep", "", "JSON nested as FHIR nests it", "hundreds of nested brackets") from None
    except (msgspec.DecodeError, ValueError):
        raise RejectedMessage("not-json", "", "one JSON object", "text that is not valid JSON") from None
    if not isinstance(found, dict):
        raise RejectedMessage("not-object", "", "a JSON object", f"a JSON {_KINDS.get(type(found), 'number')}")
    return found


_KINDS: dict[type, str] = {list: "array", str: "string", bool: "boolean", type(None): "null"}
