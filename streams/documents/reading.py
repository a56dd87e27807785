"""A document to plain text, whatever its form."""

from __future__ import annotations

import re
from typing import NamedTuple

from streams.documents import media_types
from streams.documents.charsets import decoded
from streams.documents.clinical_document import Unstructured, text_of_cda
from streams.documents.markup import charset_within, text_of_html
from streams.documents.media_types import media_type
from streams.documents.rich_text import text_of_rtf
from streams.errors import RejectedMessage

_BLANKS = re.compile(r"[ \f\v\u00a0]+")
_EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class Limits(NamedTuple):
    """How large a document may be."""

    content_bytes: int = 4 * 1024 * 1024
    characters: int = 200_000


class Document(NamedTuple):
    """A document that has been read."""

    text: str
    """Lines end in one line feed; offsets of sentences count from here."""
    media_type: str
    """That it was read as."""


def read(content: bytes, content_type: str, limits: Limits = Limits()) -> Document:  # noqa: B008 - immutable
    """Return the text of a document.

    Parameters
    ----------
    content_type
        Media type and character set as they are said (FHIR ``Attachment.contentType``); may be empty.

    Raises
    ------
    RejectedMessage
        ``content-type`` where no text can be had from it, ``too-large``, ``too-long``, ``too-complex``, ``no-text``,
        ``charset``, ``encoding``, ``not-html``, ``not-rtf``, ``not-xml``, ``not-cda``, ``entities``, ``cda-reference``.
    """
    found = _read(content, content_type, limits)
    if isinstance(found, Unstructured):
        found = _read(found.content, found.content_type, limits)
        if isinstance(found, Unstructured):
            raise RejectedMessage("not-cda", "nonXMLBody", "a document that is no CDA", "another CDA")
    text = _tidy(found.text)
    if len(text) > limits.characters:
        raise RejectedMessage("too-long", "attachment", f"at most {limits.characters} characters", f"{len(text)}")
    if not text:
        raise RejectedMessage("no-text", "attachment", "a text", "none")
    return Document(text, found.media_type)


def _read(content: bytes, content_type: str, limits: Limits) -> Document | Unstructured:
    if len(content) > limits.content_bytes:
        raise RejectedMessage("too-large", "attachment", f"at most {limits.content_bytes} bytes", f"{len(content)}")
    kind = media_type(content_type, content)
    if not kind.read_as:
        raise RejectedMessage("content-type", "contentType", "plain text, HTML, RTF or CDA", "another media type")
    if kind.read_as == media_types.CDA:
        found = text_of_cda(content)
        return found if isinstance(found, Unstructured) else Document(found, kind.read_as)
    if kind.read_as == media_types.RTF:
        return Document(text_of_rtf(content), kind.read_as)
    if kind.read_as == media_types.HTML:
        return Document(text_of_html(decoded(content, kind.charset or charset_within(content))), kind.read_as)
    return Document(decoded(content, kind.charset), kind.read_as)


def _tidy(text: str) -> str:
    """Return a text with one kind of line end and of blank, and no more than one empty line in a row."""
    lines = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    joined = "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)
    return _EMPTY_LINES.sub("\n\n", joined).strip()
