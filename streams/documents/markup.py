"""HTML and XHTML to the lines that a reader would see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from streams.errors import RejectedMessage

_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object", "iframe"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
_CELLS = frozenset({"td", "th"})
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:\-]{1,40})", re.IGNORECASE)
_HEAD = 2048
_SPACE = re.compile(r"\s+")
_DECLARED = re.compile(r"<\?xml[^>]{0,200}>")
"""XHTML may say its encoding, which the characters do not have any more."""


def charset_within(content: bytes) -> str:
    """Return the character set that a page names itself (HTML, 4.2.5.4); empty where it names none."""
    match = _CHARSET.search(content[:_HEAD])
    return match[1].decode() if match else ""


def text_of_html(markup: str) -> str:
    """Return the text of a page: a line for each block, tabs between cells, no scripts, styles or comments.

    Raises
    ------
    RejectedMessage
        ``not-html``, ``too-complex``.
    """
    parser = _parser()
    try:
        # libxml2 reads in one go, however badly a page is nested or left open; beyond its depth it reads no further.
        root = html.document_fromstring(_DECLARED.sub("", markup, count=1), parser=parser)
    except etree.ParserError:
        return ""
    except (etree.LxmlError, ValueError):
        raise RejectedMessage("not-html", "attachment", "a page", "what is none") from None
    if any(one.type_name == "ERR_RESOURCE_LIMIT" for one in parser.error_log):
        raise RejectedMessage("too-complex", "attachment", "a page nested as pages are", "one nested hundreds deep")
    return "".join(_words(root))


def _parser() -> Any:
    return html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8")


def _words(root: Any) -> Iterator[str]:
    """Yield characters and breaks in order; by a stack, for pages may be nested as deeply as they like."""
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        one, kept = stack.pop()
        if isinstance(one, str):
            yield one if kept else _SPACE.sub(" ", one)
            continue
        if one.tag in _UNSEEN or not isinstance(one.tag, str):
            continue
        yield "\n" if one.tag in _BLOCKS or one.tag == "br" else ""
        within = kept or one.tag == "pre"
        after = "\t" if one.tag in _CELLS else "\n" if one.tag in _BLOCKS else ""
        inside: list[tuple[Any, bool]] = [(one.text or "", within)]
        for child in one:
            inside += [(child, within), (child.tail or "", within)]
        stack.append((after, True))
        stack.extend(reversed(inside))
