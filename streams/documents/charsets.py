"""Bytes of a text to characters; nothing is guessed, and what is broken is refused."""

from __future__ import annotations

import codecs

from streams.errors import RejectedMessage

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252"}
"""What the names mean in practice (WHATWG Encoding Standard, 4.2)."""


def decoded(content: bytes, charset: str) -> str:
    """Return the characters of a text.

    Parameters
    ----------
    charset
        As its Content-Type says; empty: UTF-8, or what a byte order mark says.

    Raises
    ------
    RejectedMessage
        ``charset`` where it is unknown, ``encoding`` where the bytes are not of it.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], name)
    return _strictly(content, _known(charset) if charset else "utf-8")


def _known(charset: str) -> str:
    try:
        found = codecs.lookup(charset)
    except (LookupError, ValueError):
        raise RejectedMessage("charset", "contentType", "a character set of IANA's list", "another one") from None
    if not getattr(found, "_is_text_encoding", True):
        raise RejectedMessage("charset", "contentType", "a character set", "an encoding of bytes")
    return _WIDER.get(found.name, found.name)


def _strictly(content: bytes, name: str) -> str:
    try:
        text = content.decode(name)
    except (UnicodeDecodeError, UnicodeError):
        raise RejectedMessage("encoding", "attachment", f"text in {name}", "bytes that are not") from None
    if "\0" in text:
        raise RejectedMessage("encoding", "attachment", f"text in {name}", "zero bytes in it") from None
    return text
