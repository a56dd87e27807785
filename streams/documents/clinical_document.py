"""CDA documents to the text of their sections; nothing but the narrative is read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, NamedTuple

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from streams.errors import RejectedMessage

_V3 = "{urn:hl7-org:v3}"
_BLOCKS = frozenset({"paragraph", "list", "item", "table", "tr", "caption", "title", "text", "footnote"})
_CELLS = frozenset({"td", "th"})


class Unstructured(NamedTuple):
    """A body that is a document of another form (CDA R2 4.3.1.2)."""

    content: bytes
    content_type: str


def text_of_cda(content: bytes) -> str | Unstructured:
    """Return title and narrative of every section of a CDA R2 document, or the document that its body holds.

    Raises
    ------
    RejectedMessage
        ``not-xml``, ``not-cda``, ``entities`` (a document type or entities of its own, which CDA has none of),
        ``cda-reference`` where its body lies elsewhere.
    """
    root = _root(content)
    if root.tag != f"{_V3}ClinicalDocument":
        raise RejectedMessage("not-cda", "attachment", "a ClinicalDocument of urn:hl7-org:v3", "another document")
    body = root.find(f"./{_V3}component/{_V3}nonXMLBody/{_V3}text")
    if body is not None:
        return _unstructured(body)
    return "\n\n".join(filter(None, (_section(one) for one in root.iter(f"{_V3}section"))))


def _root(content: bytes) -> Any:
    try:
        return fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise RejectedMessage("entities", "attachment", "XML without a document type", "one that has it") from None
    except (ParseError, ValueError, LookupError, RecursionError, MemoryError):
        raise RejectedMessage("not-xml", "attachment", "well-formed XML", "other text") from None


def _unstructured(body: Any) -> Unstructured:
    text = (body.text or "").strip()
    if not text:
        raise RejectedMessage("cda-reference", "nonXMLBody", "the document itself", "a reference, or nothing")
    if body.get("representation", "TXT") != "B64":
        return Unstructured(text.encode(), "text/plain; charset=utf-8")
    try:
        return Unstructured(base64.b64decode("".join(text.split()), validate=True), body.get("mediaType", ""))
    except (binascii.Error, ValueError):
        raise RejectedMessage("attachment-base64", "nonXMLBody", "base64 (RFC 4648 4)", "another text") from None


def _section(section: Any) -> str:
    title, text = section.find(f"{_V3}title"), section.find(f"{_V3}text")
    lines = "".join(_words(text)) if text is not None else ""
    heading = " ".join("".join(_words(title)).split()) if title is not None else ""
    # A heading as the notes write it, so that sections are found in what was a document too.
    return f"{heading.rstrip(':')}:\n{lines}" if heading and lines.strip() else lines


def _words(root: Any) -> Iterator[str]:
    """Yield the characters of a narrative block (CDA R2 4.3.5) with its breaks; of any depth, so not by recursion."""
    stack: list[Any] = [root]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
            continue
        name = str(one.tag).rpartition("}")[2]
        before = "\n" if name in _BLOCKS or name == "br" else ""
        after = "\t" if name in _CELLS else before if name in _BLOCKS else ""
        inside: list[Any] = [one.text or ""]
        for child in one:
            inside += [child, child.tail or ""]
        yield before
        stack.extend(reversed([*inside, after]))
