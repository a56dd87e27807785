"""What R4 asks of the resources that we write: required elements, required bindings and invariants, as one checker."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

R4_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

STATUS = {
    # hl7.org/fhir/R4/valueset-observation-status.html
    "RiskAssessment": {
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
    },
    # hl7.org/fhir/R4/valueset-device-status.html
    "Device": {"active", "inactive", "entered-in-error", "unknown"},
    # hl7.org/fhir/R4/valueset-flag-status.html
    "Flag": {"active", "inactive", "entered-in-error"},
    # hl7.org/fhir/R4/valueset-event-status.html
    "Communication": {
        "preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown",
    },
}  # fmt: skip
REQUIRED = {
    "RiskAssessment": ("status", "subject"),
    "Device": (),
    "Flag": ("status", "code", "subject"),
    "Communication": ("status",),
    "Provenance": ("target", "recorded", "agent"),
}
"""Elements with cardinality 1.. at the top of the resource."""
DEVICE_NAME = {
    "udi-label-name", "user-friendly-name", "patient-reported-name", "manufacturer-name", "model-name", "other",
}  # fmt: skip
"""hl7.org/fhir/R4/valueset-device-nametype.html"""
ENTITY_ROLE = {"derivation", "revision", "quotation", "source", "removal"}
"""hl7.org/fhir/R4/valueset-provenance-entity-role.html"""
PRIORITY = {"routine", "urgent", "asap", "stat"}
"""hl7.org/fhir/R4/valueset-request-priority.html"""


def problems(resource: dict[str, Any]) -> list[str]:
    """Return everything that R4 does not allow in a resource; empty where all is well."""
    return [*_unread(resource), *_general(resource), *_OF_TYPE[resource["resourceType"]](resource)]


def _unread(resource: dict[str, Any]) -> Iterator[str]:
    kind = resource["resourceType"]
    model = getattr(importlib.import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    try:
        model.model_validate_json(json.dumps(resource))
    except ValueError as error:
        yield f"fhir.resources: {error}"


def _general(resource: dict[str, Any]) -> Iterator[str]:
    kind = resource["resourceType"]
    for name in REQUIRED[kind]:
        if not resource.get(name):
            yield f"{kind}.{name}: missing"
    if kind in STATUS and "status" in resource and resource["status"] not in STATUS[kind]:
        yield f"{kind}.status: {resource['status']}"
    if "id" in resource and not R4_ID.fullmatch(resource["id"]):
        yield f"{kind}.id: not an R4 id"
    yield from _elements(resource, kind)
    yield from _contained(resource)


def _elements(node: Any, place: str) -> Iterator[str]:
    """ele-1: every element has a value or children. ext-1: an extension has a value or extensions, not both."""
    if isinstance(node, dict):
        if not node:
            yield f"{place}: ele-1"
        for name, value in node.items():
            yield from _elements(value, f"{place}.{name}")
        for extension in node.get("extension", []):
            if ("extension" in extension) == any(key.startswith("value") for key in extension):
                yield f"{place}: ext-1"
    elif isinstance(node, list):
        if not node:
            yield f"{place}: ele-1"
        for value in node:
            yield from _elements(value, place)
    elif node == "":
        yield f"{place}: ele-1"


def _contained(resource: dict[str, Any]) -> Iterator[str]:
    """dom-2: no nesting; dom-3: referred to, or refers to the whole; dom-4, dom-5: no version, update, security."""
    whole = json.dumps(resource)
    for one in resource.get("contained", []):
        meta = one.get("meta", {})
        if "contained" in one:
            yield "dom-2"
        if f'"#{one.get("id")}"' not in whole and '"reference": "#"' not in json.dumps(one):
            yield "dom-3"
        if meta.get("versionId") or meta.get("lastUpdated"):
            yield "dom-4"
        if meta.get("security"):
            yield "dom-5"
        if one["resourceType"] in REQUIRED:
            yield from problems(one)


def _risk_assessment(resource: dict[str, Any]) -> Iterator[str]:
    for prediction in resource.get("prediction", []):
        if not 0 <= prediction.get("probabilityDecimal", 0) <= 100:
            yield "ras-2"
        for end in ("low", "high"):
            bound = prediction.get("probabilityRange", {}).get(end, {})
            if bound and bound.get("code") != "%":
                yield "ras-1"
        when = prediction.get("whenPeriod", {})
        if "start" in when and "end" in when and when["start"] > when["end"]:
            yield "per-1"


def _device(resource: dict[str, Any]) -> Iterator[str]:
    for name in resource.get("deviceName", []):
        if not name.get("name") or name.get("type") not in DEVICE_NAME:
            yield f"Device.deviceName: {name.get('type')}"
    if any(not version.get("value") for version in resource.get("version", [])):
        yield "Device.version.value: missing"


def _provenance(resource: dict[str, Any]) -> Iterator[str]:
    if any("who" not in agent for agent in resource.get("agent", [])):
        yield "Provenance.agent.who: missing"
    for entity in resource.get("entity", []):
        if "what" not in entity or entity.get("role") not in ENTITY_ROLE:
            yield f"Provenance.entity: {entity.get('role')}"


def _communication(resource: dict[str, Any]) -> Iterator[str]:
    if resource.get("priority", "routine") not in PRIORITY:
        yield f"Communication.priority: {resource['priority']}"
    for part in resource.get("payload", []):
        if sum(key.startswith("content") for key in part) != 1:
            yield "Communication.payload.content[x]: missing"


def _nothing(_: dict[str, Any]) -> Iterator[str]:
    return iter(())


_OF_TYPE: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "RiskAssessment": _risk_assessment,
    "Device": _device,
    "Provenance": _provenance,
    "Communication": _communication,
    "Flag": _nothing,
}
