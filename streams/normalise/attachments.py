"""An Attachment to the form of a note that is read: its bytes, or where they lie."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from streams.errors import RejectedMessage
from streams.normalise.note_shapes import Attachment as Shape
from streams.normalise.outcome import Scope
from streams.records import Attachment

LARGEST_INLINE = 2 * 1024 * 1024
"""Bytes of a note that travel with its event; with base64 and the rest of the event they fit its topic."""
_LONGEST = 2048
_ORDER = {
    "text/plain": 0,
    "application/hl7-cda+xml": 1,
    "application/hl7-v3+xml": 1,
    "application/xml": 1,
    "text/xml": 1,
    "application/xhtml+xml": 2,
    "text/html": 2,
    "application/rtf": 3,
    "text/rtf": 3,
    "": 4,
}
"""Media types by how well a text can be had from them; of several forms of one document the best is taken."""
_OTHER = 9


def best(given: Iterable[Shape | None], scope: Scope, field: str) -> Attachment | None:
    """Return the form of a document that can be read best; of equal ones the first that is here. None: there is none.

    Raises
    ------
    RejectedMessage
        ``attachment-base64``, ``attachment-too-large``, ``attachment-url`` of that form.
    """
    there = [one for one in given if one is not None and (one.data or one.url)]
    if not there:
        return None
    return _read(min(there, key=lambda one: (_rank(one), not one.data)), scope, field)


def inline(text: str, content_type: str, field: str) -> Attachment | None:
    """Return a text that stands in the resource itself; None where it is empty."""
    return Attachment(content_type, _bounded(text.encode(), field)) if text.strip() else None


def _rank(one: Shape) -> int:
    return _ORDER.get((one.content_type or "").partition(";")[0].strip().lower(), _OTHER)


def _read(one: Shape, scope: Scope, field: str) -> Attachment:
    kind, url = (one.content_type or "")[:_LONGEST], one.url or ""
    if not one.data and url in scope.binaries:
        kind, data = scope.binaries[url]
        return Attachment(kind or (one.content_type or "")[:_LONGEST], _bounded(_decoded(data, field), field))
    if len(url) > _LONGEST:
        raise RejectedMessage("attachment-url", f"{field}.url", f"at most {_LONGEST} characters", f"{len(url)}")
    if not one.data:
        return Attachment(kind, None, url)
    data_there = _decoded(one.data, field)
    if len(data_there) > LARGEST_INLINE and url:
        return Attachment(kind, None, url)
    return Attachment(kind, _bounded(data_there, field))


def _decoded(text: str, field: str) -> bytes:
    """Read base64Binary (R4 2.24.0.1), which may hold white space."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RejectedMessage("attachment-base64", f"{field}.data", "base64 (RFC 4648 4)", "another text") from None


def _bounded(content: bytes, field: str) -> bytes:
    if len(content) > LARGEST_INLINE:
        expected = f"at most {LARGEST_INLINE} bytes in the resource, or a url of a larger document"
        raise RejectedMessage("attachment-too-large", f"{field}.data", expected, f"{len(content)} bytes")
    return content
