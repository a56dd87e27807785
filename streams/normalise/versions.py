"""Place of a resource version in the order of its versions, and its identity where it has no id."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from streams.errors import RejectedMessage
from streams.normalise.references import is_id
from streams.normalise.shapes import Meta
from streams.normalise.times import instant
from streams.records import Version

STATUS_RANKS: dict[str, int] = {
    "registered": 0,
    "preliminary": 1,
    "final": 2,
    "amended": 3,
    "corrected": 3,
    "cancelled": 4,
    "entered-in-error": 4,
}
_ENCODE = msgspec.json.Encoder().encode
_MOST_DIGITS = 18


def version(meta: Meta | None, field: str, status_rank: int, content: tuple[Any, ...], zone: str | None) -> Version:
    """Build the sort key of one version from what the server says of it and from its normalised `content`.

    Whitespace and key order of the JSON do not count, nor does arrival. RejectedMessage where ``meta.lastUpdated``
    cannot be read, since a wrong order would bring back an overruled value.
    """
    last_updated = version_id = 0
    if meta is not None:
        if meta.last_updated:
            last_updated = instant(meta.last_updated, f"{field}.meta.lastUpdated", "last-updated", zone)
        version_id = _number(meta.version_id)
    return Version(last_updated, version_id, status_rank, digest(content))


def digest(content: tuple[Any, ...]) -> bytes:
    """Return the 8 bytes that tell versions apart which nothing else does."""
    return blake2b(_ENCODE(content), digest_size=8).digest()


def _number(version_id: str | None) -> int:
    if version_id is None or not (version_id.isascii() and version_id.isdigit()) or len(version_id) > _MOST_DIGITS:
        return 0
    return int(version_id)


def resource_id(given: str | None, field: str) -> str:
    """Return the resource's id, empty where it has none; RejectedMessage ``id`` where it is not a FHIR id."""
    if not given:
        return ""
    if not is_id(given):
        raise RejectedMessage("id", f"{field}.id", "up to 64 letters, digits, - and .", "an id of another form")
    return given


def content_id(content: tuple[Any, ...]) -> str:
    """Return an id made from the clinical content, so that a resource sent again without id is the same fact."""
    return "sha-" + blake2b(_ENCODE(content), digest_size=16).hexdigest()
