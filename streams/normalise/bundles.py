"""The entries of a Bundle, each on its own."""

from __future__ import annotations

from streams.errors import RejectedMessage
from streams.normalise import deletes, resources
from streams.normalise.document import Json, Repeated, refuse_repeats
from streams.normalise.endpoints import address
from streams.normalise.outcome import Outcome, Scope
from streams.normalise.references import Local, Target, is_id, target
from streams.records import Event, Skip


def add(bundle: Json, scope: Scope, outcome: Outcome, outer: int | None = None) -> None:
    """Read every entry of a Bundle of any type (R4 2.36); a bad entry does not keep back the others.

    Parameters
    ----------
    outer
        Index of the entry that holds this Bundle, None for the message's own. A Bundle in a Bundle in a Bundle is
        rejected.
    """
    try:
        entries = _entries(bundle)
    except RejectedMessage as rejected:
        outcome.rejected.append((-1 if outer is None else outer, rejected))
        return
    if not entries:
        outcome.skips.append(Skip("empty-bundle"))
    scope = scope._replace(
        local={**scope.local, **_local(entries)},
        addresses={**scope.addresses, **_addresses(entries)},
        binaries={**scope.binaries, **_binaries(entries)},
    )
    for index, entry in enumerate(entries):
        _add_entry(entry, scope, outcome, index if outer is None else outer, nested=outer is not None)


def _entries(bundle: Json) -> list[object]:
    if isinstance(bundle, Repeated) and bundle.own:
        refuse_repeats(bundle, "Bundle")
    entries = bundle.get("entry")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise RejectedMessage("structure", "Bundle.entry", "array", "another kind of value")
    return entries


def _local(entries: list[object]) -> Local:
    """Map ``fullUrl`` to what stands there, so that references within the Bundle are understood (R4 2.36.4.1)."""
    found: Local = {}
    for entry in entries:
        url, resource = (entry.get("fullUrl"), entry.get("resource")) if isinstance(entry, dict) else (None, None)
        if not isinstance(url, str) or not isinstance(resource, dict):
            continue
        kind, given = resource.get("resourceType"), resource.get("id")
        if not isinstance(given, str) or not is_id(given):
            by_url = target(url, {})
            given = by_url.id if by_url else ""
        if isinstance(kind, str) and given:
            found[url] = Target(kind, given)
    return found


def _addresses(entries: list[object]) -> dict[str, str]:
    """Map the Endpoints of a Bundle to their addresses, so that a study that names one is found."""
    found: dict[str, str] = {}
    for entry in entries:
        url, resource = (entry.get("fullUrl"), entry.get("resource")) if isinstance(entry, dict) else (None, None)
        if isinstance(resource, dict) and (place := address(resource)):
            names = url, f"Endpoint/{resource.get('id')}"
            found |= {name: place for name in names if isinstance(name, str)}
    return found


def _binaries(entries: list[object]) -> dict[str, tuple[str, str]]:
    """Map the Binary resources of a Bundle to what they hold, so that a note that names one is read."""
    found: dict[str, tuple[str, str]] = {}
    for entry in entries:
        url, resource = (entry.get("fullUrl"), entry.get("resource")) if isinstance(entry, dict) else (None, None)
        if not isinstance(resource, dict) or resource.get("resourceType") != "Binary":
            continue
        kind, data = resource.get("contentType"), resource.get("data")
        if isinstance(data, str):
            content = kind if isinstance(kind, str) else "", data
            names = url, f"Binary/{resource.get('id')}"
            found |= {name: content for name in names if isinstance(name, str)}
    return found


def _add_entry(entry: object, scope: Scope, outcome: Outcome, index: int, *, nested: bool) -> None:
    try:
        resource = _resource(entry, scope)
    except RejectedMessage as rejected:
        outcome.rejected.append((index, rejected))
        return
    if isinstance(resource, Skip):
        outcome.skips.append(resource)
    elif not isinstance(resource, dict):
        outcome.events.append(resource)
    elif resource.get("resourceType") != "Bundle":
        resources.add(resource, scope, outcome, index)
    elif nested:
        refused = RejectedMessage("nested-bundle", "Bundle.entry.resource", "at most a Bundle in a Bundle", "another")
        outcome.rejected.append((index, refused))
    else:
        add(resource, scope, outcome, index)


def _resource(entry: object, scope: Scope) -> Json | Event | Skip:
    """Return the resource of an entry, or at once what becomes of one that holds none."""
    if not isinstance(entry, dict):
        raise RejectedMessage("structure", "Bundle.entry", "object", "another kind of value")
    if isinstance(entry, Repeated) and entry.own:
        refuse_repeats(entry, "Bundle.entry")
    request, resource = entry.get("request"), entry.get("resource")
    if isinstance(request, Repeated):
        refuse_repeats(request, "Bundle.entry.request")
    if isinstance(request, dict) and request.get("method") == "DELETE":
        return deletes.entry(request, scope)
    if resource is None:
        return Skip("no-resource")
    if not isinstance(resource, dict):
        raise RejectedMessage("structure", "Bundle.entry.resource", "object", "another kind of value")
    return resource
