"""Identifiers of people to the aliases under which their facts wait."""

from __future__ import annotations

import re
from urllib.parse import unquote

from streams.identity import alias
from streams.normalise.shapes import Identifier

MOST = 32
"""Aliases that are kept of one Patient; each is a word to another partition."""
_OLD, _SEPARATOR = "old", "\x1f"
_LONGEST = 2048
_CONDITIONAL = re.compile(r"(?:https?://[^\s?#]+/)?Patient\?identifier=([^&#]+)")
_TOKEN = re.compile(r"((?:[^|,\\]|\\.)*)\|((?:[^|,\\]|\\.)+)")
_ESCAPED = re.compile(r"\\(.)")


def _key(use: object, system: object, value: object, source: str) -> str:
    """Return the alias of an identifier; empty where it has no value or is no longer in use (R4 2.24.0.10)."""
    if use == _OLD or not isinstance(value, str) or not isinstance(system, str | None) or not value.strip():
        return ""
    if _SEPARATOR in f"{system}{value}":  # it could be read as another system with another value
        return ""
    return alias((system or "").strip(), value.strip(), source)


def key_of(identifier: object, source: str) -> str:
    """Return the alias of an Identifier as it stands in JSON; empty where it names nobody."""
    if not isinstance(identifier, dict):
        return ""
    return _key(identifier.get("use"), identifier.get("system"), identifier.get("value"), source)


def first_key(identifiers: object, source: str) -> str:
    """Return the alias of the first identifier of a list that names somebody; empty where none does."""
    if not isinstance(identifiers, list):
        return ""
    return next((key for each in identifiers if (key := key_of(each, source))), "")


def conditional_key(reference: str, source: str) -> str:
    """Return the alias that a conditional reference names (R4 3.1.0.11.2); empty where it is another search.

    ``Patient?identifier=system|value``, percent-encoded as a URL, with a backslash before a bar or comma that is meant
    as itself (R4 3.1.1.4.2). A value without bar is of any system, so it says nothing.
    """
    if len(reference) > _LONGEST or (match := _CONDITIONAL.fullmatch(reference)) is None:
        return ""
    try:
        token = _TOKEN.fullmatch(unquote(match[1], errors="strict"))
    except UnicodeDecodeError:
        return ""
    if token is None:
        return ""
    system, value = (_ESCAPED.sub(r"\1", part) for part in token.groups())
    return _key(None, system, value, source)


def keys_of(identifiers: list[Identifier] | None, source: str) -> tuple[tuple[str, ...], int]:
    """Return the aliases of a Patient in an order of their own, and how many more there were than are kept."""
    found = [_key(each.use, each.system, each.value, source) for each in identifiers or ()]
    different = [key for key in dict.fromkeys(found) if key]
    return tuple(sorted(different[:MOST])), max(0, len(different) - MOST)
