"""Deletes, as Bundles and compacted topics tell them: the resource is void, and nothing says whose it was."""

from __future__ import annotations

import re

from streams.errors import RejectedMessage
from streams.normalise.document import Json
from streams.normalise.outcome import Scope
from streams.normalise.references import is_id
from streams.normalise.resource_types import known
from streams.normalise.versions import digest
from streams.records import Event, Overruling, PatientVersion, Skip, Version

_RANK = 4
"""As entered-in-error."""
_LONGEST = 2048
_URL = re.compile(
    r"(?:https?://[^\s?#]+/|/)?([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:\?.*)?"
)
_CONDITIONAL = re.compile(r"(?:https?://[^\s?#]+/|/)?[A-Z][A-Za-z]{2,63}/?\?.*")
_READ = "Encounter", "Flag", "ImagingStudy", "DocumentReference", "DiagnosticReport", "Composition"
_PREFIXES = {"Observation": "", **{kind: f"{kind}/" for kind in _READ}}
"""How an `Overruling` names a resource of each type that is read."""


def entry(request: Json, scope: Scope) -> Event | Skip:
    """Read a Bundle entry's DELETE (R4 3.1.0.7, 3.1.0.11); RejectedMessage ``delete-url`` where it says not of what."""
    url = request.get("url")
    if isinstance(url, str) and len(url) <= _LONGEST:
        if match := _URL.fullmatch(url):
            return _deleted(match[1], match[2], scope)
        if _CONDITIONAL.fullmatch(url):
            return Skip("delete-conditional")
    received = "none" if url is None else "another form"
    raise RejectedMessage("delete-url", "Bundle.entry.request.url", "the Type/id that is deleted", received)


def tombstone(key: bytes | None, scope: Scope) -> Event | Skip:
    """Read an empty value whose key is the id of a resource; RejectedMessage ``key`` where it is none."""
    kind = scope.source.key_is_id_of
    text = (key or b"").decode("utf-8", errors="replace").removeprefix(f"{kind}/")
    if not is_id(text):
        received = "no key" if not key else "a key of another form"
        raise RejectedMessage("key", "", f"the id of a resource of type {kind} as key of an empty value", received)
    return _deleted(kind, text, scope)


def _deleted(kind: str, given: str, scope: Scope) -> Event | Skip:
    """Void a resource from the arrival of the delete on, for a delete carries no ``meta``."""
    source = scope.source.name
    version = Version(scope.received_at, 0, _RANK, digest((source, kind, given, "delete")))
    if kind == "Patient":
        return PatientVersion(source, given, given, version, withdrawn=True, received_at=scope.received_at)
    if kind in _PREFIXES:
        return Overruling(source, _PREFIXES[kind] + given, version, "", scope.received_at)
    return Skip("resource-type", known(kind))
