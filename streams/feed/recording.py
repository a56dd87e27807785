"""Recorded feeds on disk: FHIR NDJSON or a Bundle, plain or gzipped, as single resources with their outline."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from streams.errors import RejectedMessage
from streams.feed.outline import Outline, outline

SUFFIXES = (".ndjson", ".ndjson.gz", ".json", ".json.gz")
_REFERENCE = re.compile(rb'("reference"\s*:\s*")([^"\\]+)(")')


class Recorded(msgspec.Struct, frozen=True):
    """One recorded resource: its text exactly as it was, and its outline."""

    body: bytes
    outline: Outline


class _Request(msgspec.Struct):
    method: Literal["DELETE"]
    url: str


class _Entry(msgspec.Struct, rename="camel"):
    full_url: str = ""
    resource: msgspec.Raw = msgspec.Raw()
    request: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct, tag_field="resourceType", tag="Bundle"):
    entry: list[_Entry] = []


class _Identity(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    id: str = ""


def read(paths: Sequence[Path]) -> Iterator[Recorded]:
    """Read recorded files in the order given.

    A line that is no FHIR resource is passed on as it stands. A Bundle is taken apart as a server does with a
    transaction (R4 3.1.0.11.2): references to ``fullUrl`` become ``Type/id``, a resource without id takes the UUID.

    Raises
    ------
    RejectedMessage
        Where a file's name or compression is not one of the known; files are told by their place, as names may
        hold patients' names.
    """
    for place, path in enumerate(paths, start=1):
        if not path.name.endswith(SUFFIXES):
            raise RejectedMessage("file-name", f"file {place}", " or ".join(SUFFIXES), "another suffix")
        try:
            for body in _bodies(path):
                yield Recorded(body, outline(body))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RejectedMessage("file-damaged", f"file {place}", "a whole gzip file", type(error).__name__) from error


def _bodies(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        if ".ndjson" in path.suffixes:
            for line in stream:
                if stripped := line.strip():
                    yield from unbundled(stripped)
        else:
            yield from unbundled(stream.read().strip())


def unbundled(body: bytes) -> Iterator[bytes]:
    """Take a Bundle apart into its resources; anything else is handed on unchanged.

    Each delete is handed on as a transaction of its own; other entries that hold no resource are left out.
    """
    try:
        bundle = msgspec.json.decode(body, type=_Bundle)
        deletions = [_deletion(entry) for entry in bundle.entry]
        kept = [entry for entry, deletion in zip(bundle.entry, deletions, strict=True) if not deletion]
        resources = [(entry.full_url, raw) for entry in kept if (raw := bytes(entry.resource))]
        identified = [_identified(url, resource) for url, resource in resources]
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Not a Bundle, or one that cannot be taken apart: for normalise to judge as it stands.
        yield body
        return
    targets = {url.encode(): target for (url, _), (target, _) in zip(resources, identified, strict=True) if url}
    yield from filter(None, deletions)
    for _, resource in identified:
        yield msgspec.json.format(_REFERENCE.sub(lambda found: _resolved(found, targets), resource), indent=-1)


def _deletion(entry: _Entry) -> bytes:
    """Return the transaction that holds a delete alone; nothing where the entry is none."""
    try:
        request = msgspec.json.decode(entry.request, type=_Request)
    except msgspec.DecodeError:
        return b""
    alone: dict[str, Any] = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}
    return msgspec.json.encode(alone)


def _identified(url: str, resource: bytes) -> tuple[bytes, bytes]:
    identity = msgspec.json.decode(resource, type=_Identity)
    name = identity.id or url.rpartition("/")[2].rpartition(":")[2]
    if not identity.id and name:
        resource = resource.replace(b"{", b'{"id":' + msgspec.json.encode(name) + b",", 1)
    return f"{identity.resource_type}/{name}".encode(), resource


def _resolved(found: re.Match[bytes], targets: dict[bytes, bytes]) -> bytes:
    return found[1] + targets.get(found[2], found[2]) + found[3]
