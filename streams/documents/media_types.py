"""What a document is said to be, or looks like: its media type and character set."""

from __future__ import annotations

import re
from email.message import Message
from typing import NamedTuple

PLAIN, HTML, RTF, CDA = "text/plain", "text/html", "application/rtf", "application/hl7-cda+xml"
_NAMES = {
    "text/plain": PLAIN,
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "application/rtf": RTF,
    "text/rtf": RTF,
    "application/hl7-cda+xml": CDA,
    "application/hl7-v3+xml": CDA,
    "application/xml": CDA,
    "text/xml": CDA,
}
READABLE = frozenset(_NAMES)
"""Media types that a text can be had from."""
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|div|p|h[1-6]|table|br)\b", re.IGNORECASE)
_LOOKED_AT = 512


class MediaType(NamedTuple):
    """Media type and character set of a document."""

    said: str
    """As it was said, in lower case and without parameters; empty where it was not."""
    read_as: str
    """One of our four; empty where no text can be had."""
    charset: str
    """Empty where it was not said."""


def media_type(content_type: str, content: bytes) -> MediaType:
    """Return what a document is: by its Content-Type (RFC 9110 8.3), and by its beginning where that says nothing."""
    message = Message()
    message["content-type"] = " ".join(content_type.split())
    said = message.get_content_type() if content_type.strip() else ""
    charset = str(message.get_content_charset("") or "")
    if said and said != "application/octet-stream":
        return MediaType(said, _NAMES.get(said, ""), charset)
    return MediaType(said, _looks_like(content[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")), charset)


def _looks_like(start: bytes) -> str:
    if start.startswith(b"{\\rtf"):
        return RTF
    if b"<ClinicalDocument" in start:
        return CDA
    if _MARKUP.match(start):
        return HTML
    # A document of an office program or a picture is no text, whatever could be made of its bytes.
    return "" if b"\0" in start or start.startswith((b"%PDF", b"PK\x03\x04")) else PLAIN
