"""Where an ImagingStudy says that its images lie: names of Endpoints, and addresses of those that came along."""

from __future__ import annotations

from typing import Any

from streams.normalise.document import Json
from streams.normalise.outcome import Scope
from streams.normalise.references import id_of
from streams.normalise.shapes import Reference

_WEB = frozenset({"dicom-wado-rs", "dicom-qido-rs"})
"""Connection types that speak DICOMweb (http://terminology.hl7.org/CodeSystem/endpoint-connection-type)."""
_LONGEST = 2048
_MOST = 16


def endpoints(references: list[Reference] | None, scope: Scope, contained: object) -> tuple[str, ...]:
    """Return what is known of each Endpoint: its address where it came along, else ``Endpoint/<id>``.

    Nothing is fetched by these: a worker takes the ones that the site's settings name, and refuses the others.
    """
    found = [_endpoint(each.reference, scope, contained) for each in references or () if each.reference]
    return tuple(dict.fromkeys(place for place in found if place))[:_MOST]


def _endpoint(text: str, scope: Scope, contained: object) -> str:
    if text.startswith("#"):
        held = contained if isinstance(contained, list) else []
        return next((address(one) for one in held if isinstance(one, dict) and one.get("id") == text[1:]), "")
    if text in scope.addresses:
        return scope.addresses[text]
    given = id_of(text, "Endpoint", scope.local)
    return scope.addresses.get(f"Endpoint/{given}", f"Endpoint/{given}") if given else ""


def address(resource: Json) -> str:
    """Return the address of an Endpoint that speaks DICOMweb (R4 Endpoint.address); empty where it is none."""
    text = resource.get("address")
    if resource.get("resourceType") != "Endpoint" or not isinstance(text, str) or len(text) > _LONGEST:
        return ""
    codes = _codes(resource.get("connectionType"))
    return text.strip() if not codes or codes & _WEB else ""


def _codes(kind: Any) -> set[object]:
    """Return the codes of a connection type: a Coding in R4, CodeableConcepts in R5."""
    if isinstance(kind, list):
        return {code for one in kind for code in _codes(one)}
    if not isinstance(kind, dict):
        return set()
    codings = kind.get("coding")
    found = [kind, *(codings if isinstance(codings, list) else [])]
    return {one["code"] for one in found if isinstance(one, dict) and isinstance(one.get("code"), str)}
