"""What a series says of its instances, read one instance at a time: held whole, an answer takes ten times its bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from streams.errors import RejectedMessage
from streams.pixels import header
from streams.pixels.header import Header

_split = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, Any]).decode


def headers(content: bytes) -> list[Header]:
    """Read the header of each instance of an answer in the DICOM JSON model (PS3.18 F.2).

    Raises
    ------
    RejectedMessage
        ``pacs-answer``: it is JSON, and no list.
    ValueError
        Where it is no JSON.
    """
    return [header.read(one) for one in _instances(content) if isinstance(one, dict)]


def _instances(content: bytes) -> Iterable[Any]:
    if not content:
        return ()
    try:
        found = _split(content)
    except msgspec.ValidationError:
        raise RejectedMessage("pacs-answer", "PACS", "a list in DICOM JSON", "another kind of value") from None
    except msgspec.DecodeError:
        # NaN and a byte order mark are no JSON, and some PACS write them.
        return _listed(json.loads(content))
    return [found] if isinstance(found, dict) else map(msgspec.json.decode, found)


def _listed(found: Any) -> list[Any]:
    if isinstance(found, dict):
        # One instance alone, as some PACS tell it.
        return [found]
    if not isinstance(found, list):
        raise RejectedMessage("pacs-answer", "PACS", "a list in DICOM JSON", "another kind of value")
    return found
