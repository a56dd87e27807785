"""What a feed comes to in the end, whatever the order in which it came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams.feed.outline import instant

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
