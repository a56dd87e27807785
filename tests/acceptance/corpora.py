"""The public FHIR data, what ``normalise`` makes of it, and the table of that in ``docs/normalise.md``.

``python -m tests.acceptance.corpora`` runs the data through and prints the table.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.normalise import Normalised, Raw, normalise
from streams.records import Event, ObservationVersion
from streams.settings import Source

Counts = dict[str, int]

SOURCE = Source(name="corpus", topic="fhir.replay", refuse_future=False)
ROWS = ("messages", "resources", "event", "measures", "skip", "dead letter")
SHORT = {"mimic-iv-fhir-demo-icu-vitals": "...-icu-vitals"}

EXPECTED: dict[str, Counts] = {
    "fhir-r4-official": {
        "messages": 178,
        "resources": 2108,
        "event encounter": 7,
        "event imaging-study": 1,
        "event note": 7,
        "event observation": 3,
        "event observation withdrawn": 3,
        "event overruling": 3,
        "event patient": 20,
        "measures": 3,
        "skip code": 292,
        "skip data-absent": 7,
        "skip empty-bundle": 4,
        "skip link-seealso": 1,
        "skip no-resource": 5,
        "skip no-text": 21,
        "skip panel-members": 3,
        "skip period-precision": 2,
        "skip resource-type": 1565,
        "dead letter effective-missing": 183,
        "dead letter effective-precision": 6,
        "dead letter no-id": 1,
        "dead letter no-subject": 1,
    },
    "synthea-r4": {
        "messages": 25,
        "resources": 5816,
        "event encounter": 462,
        "event imaging-study": 15,
        "event observation": 1413,
        "event patient": 25,
        "measures": 1628,
        "skip code": 1710,
        "skip no-text": 221,
        "skip resource-type": 1974,
    },
    "mimic-iv-fhir-demo": {
        "messages": 4449,
        "resources": 4449,
        "event encounter": 377,
        "event observation": 3251,
        "event patient": 55,
        "measures": 3947,
        "skip data-absent": 457,
        "skip resource-type": 347,
    },
    "mimic-iv-fhir-demo-icu-vitals": {
        "messages": 55910,
        "resources": 55910,
        "event observation": 55910,
        "measures": 55910,
    },
}
"""Explained in ``docs/normalise.md``."""


def messages(folder: str) -> Iterator[bytes]:
    """Every message of a corpus, in the order of its files."""
    for path in sorted((Path(os.environ["CARDIOSTREAM_DATA"]) / folder).iterdir()):
        if path.name.endswith(".ndjson.gz"):
            with gzip.open(path) as lines:
                yield from (line.strip() for line in lines)
        elif path.name.endswith(".json.gz"):
            yield gzip.decompress(path.read_bytes())
        elif path.suffix == ".json" and path.name != "package.json":
            yield path.read_bytes()


def normalised(value: bytes) -> Normalised:
    """What becomes of one message that is replayed."""
    return normalise(Raw(value, None, "fhir.replay", 0, 0, 0), SOURCE, future_tolerance_s=300)


def resources(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The resources of a message: itself, or those of a Bundle's entries; an entry without one counts as well."""
    if document.get("resourceType") != "Bundle":
        yield document
        return
    for entry in document.get("entry", []):
        yield from resources(entry.get("resource", {"resourceType": ""}))


def kind_of(event: Event) -> str:
    """The kind of an event as the table has it."""
    withdrawn = " withdrawn" if getattr(event, "withdrawn", False) else ""
    return f"event {event.__struct_config__.tag}{withdrawn}"


def count(folder: str) -> Counts:
    """What goes in and what comes out: events by kind, skips and dead letters by reason."""
    found: Counter[str] = Counter()
    for value in messages(folder):
        result = normalised(value)
        found["messages"] += 1
        found["resources"] += len(list(resources(json.loads(value))))
        for event in result.events:
            found[kind_of(event)] += 1
            found["measures"] += len(event.measures) if isinstance(event, ObservationVersion) else 0
        found.update(f"skip {skip.reason}" for skip in result.skips)
        found.update(f"dead letter {letter.reason}" for letter in result.dead_letters)
    return dict(found)


def table(counts: dict[str, Counts]) -> str:
    """The counts as Markdown, one column per corpus."""
    keys = sorted({key for each in counts.values() for key in each}, key=lambda key: (_rank(key), key))
    rows = [[_title(key), *(f"{each[key]:,}" if key in each else "" for each in counts.values())] for key in keys]
    head = ["", *(SHORT.get(folder, folder) for folder in counts)]
    rule = ["---", *["---:"] * len(counts)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def _rank(key: str) -> int:
    return next(rank for rank, word in enumerate(ROWS) if key.startswith(word))


def _title(key: str) -> str:
    for word in ("dead letter", "event", "skip"):
        if key.startswith(f"{word} "):
            return f"{word} `{key.removeprefix(f'{word} ')}`"
    return key


if __name__ == "__main__":
    print(table({folder: count(folder) for folder in EXPECTED}))
