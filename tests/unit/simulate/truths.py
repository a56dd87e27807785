"""What a feed comes to in the end, whatever the order in which it came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams.feed.outline import instant
from streams.vocabulary import CANONICAL, LOINC, quantity

Resource = dict[str, Any]


def truth(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Each resource that stands in the end, ``Type/id`` to its highest version; what is deleted stands no more."""
    highest: dict[str, Resource] = {}
    deleted: set[str] = set()
    for one in resources:
        if one["resourceType"] == "Bundle":
            deleted.update(entry["request"]["url"] for entry in one["entry"])
            continue
        name = f"{one['resourceType']}/{one['id']}"
        if name not in highest or place(one) > place(highest[name]):
            highest[name] = one
    return {name: one for name, one in highest.items() if name not in deleted}


def place(resource: Resource) -> tuple[int, int]:
    """Place of a version in the order of versions."""
    at = instant(resource["meta"]["lastUpdated"])
    assert at is not None
    return at, int(resource["meta"]["versionId"])


def usable(standing: dict[str, Resource]) -> dict[str, Resource]:
    """Of what stands, the observations that hold."""
    return {
        name: one
        for name, one in standing.items()
        if one["resourceType"] == "Observation" and one["status"] in {"final", "corrected"}
    }


def survivors(standing: dict[str, Resource]) -> dict[str, str]:
    """Retired Patient to the one that it was merged into, as the links stand in the end."""
    return {
        name: link["other"]["reference"]
        for name, one in standing.items()
        for link in one.get("link", [])
        if link["type"] == "replaced-by"
    }


def whose(standing: dict[str, Resource]) -> dict[str, str]:
    """Each observation to the ``Patient/<id>`` whose it is in the end, by reference or number; empty where nobody's."""
    merged = survivors(standing)
    numbers = {one["identifier"][0]["value"]: name for name, one in standing.items() if name.startswith("Patient/")}
    found = {}
    for name, one in standing.items():
        if one["resourceType"] == "Observation":
            subject = one.get("subject", {})
            direct = (
                numbers[subject["identifier"]["value"]] if "identifier" in subject else subject.get("reference", "")
            )
            found[name] = merged.get(direct, direct)
    return found


def wards(standing: dict[str, Resource]) -> dict[str, str]:
    """Each person of one record alone to the ward of the stay that goes on; empty for who went home."""
    merged = survivors(standing)
    pairs = {*merged, *merged.values()}
    stays = [one for name, one in standing.items() if name.startswith("Encounter/")]
    found = {one["subject"]["reference"]: _ward(one) for one in stays}
    return {name: ward for name, ward in found.items() if name not in pairs and not name.endswith("-2")}


def _ward(stay: Resource) -> str:
    parts = stay["location"] if stay["status"] == "in-progress" else []
    now = [p for p in parts if p["status"] == "active" and p["physicalType"]["coding"][0]["code"] == "wi"]
    return "".join(part["location"]["display"] for part in now)


def facts(standing: dict[str, Resource]) -> dict[str, tuple[int, int]]:
    """Each person to the number of observations that hold and tell what a body can have, and the time of the newest."""
    found: dict[str, list[int]] = {}
    people = whose(standing)
    for name, one in usable(standing).items():
        at = instant(one["effectiveDateTime"])
        parts = one.get("component", [one])
        if people[name] and at is not None and any(map(_tells, parts)) and not _contradicts_itself(parts):
            found.setdefault(people[name], []).append(at)
    return {name: (len(times), max(times)) for name, times in found.items()}


def _contradicts_itself(parts: list[Resource]) -> bool:
    """Tell whether a pressure panel has a diastolic value that is not below its systolic one: a damped line's."""
    found = {part["code"]["coding"][0]["code"]: part.get("valueQuantity", {}).get("value") for part in parts}
    systolic, diastolic = found.get("8480-6"), found.get("8462-4")
    return systolic is not None and diastolic is not None and diastolic >= systolic


def _tells(part: Resource) -> bool:
    code = CANONICAL.get((LOINC, part["code"]["coding"][0]["code"]))
    if code is None or "valueQuantity" not in part:
        return False
    number = part["valueQuantity"]
    value = (number["value"] - 32) / 1.8 if number["code"] == "[degF]" else number["value"]
    return quantity(code).plausible(value)
