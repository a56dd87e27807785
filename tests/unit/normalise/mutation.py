"""Seeded damage to JSON documents: a node dropped, swapped, of another type, cut short or doubled."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Place = tuple[Any, Any]
"""A container and the key or index of a node in it."""

STRANGER = "Jane-7f3a-1970"
"""What a node becomes that people might type anywhere; it must not come back in any message."""
OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    7.5,
    1e308,
    "",
    " ",
    STRANGER,
    "2025-03-01",
    "2025-03-01T12:00:00Z",
    "Patient/p1",
    "#p1",
    "urn:uuid:1f",
    [],
    {},
    [None],
    [[]],
    {"reference": STRANGER},
    {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
)
_WEIGHTS = (3, 3, 3, 3, 1)
"""Of the damages below: a key that stands twice spoils a whole resource, so doubling is the rarest."""
_AGAIN = "\x00"
"""At the end of a key: the same key once more, which a dict cannot hold."""


def places(document: Any) -> list[Place]:
    """Every node below the top of a document."""
    found: list[Place] = []
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _drop(document: Any, place: Place, chance: random.Random) -> None:
    holder, key = place
    del holder[key]


def _swap(document: Any, place: Place, chance: random.Random) -> None:
    other, there = chance.choice(places(document))
    holder, key = place
    mine, theirs = json.dumps(holder[key]), json.dumps(other[there])
    holder[key], other[there] = json.loads(theirs), json.loads(mine)


def _retype(document: Any, place: Place, chance: random.Random) -> None:
    holder, key = place
    holder[key] = json.loads(json.dumps(chance.choice([*OTHERS, [holder[key]], {"value": holder[key]}])))


def _truncate(document: Any, place: Place, chance: random.Random) -> None:
    holder, key = place
    node = holder[key]
    if isinstance(node, str | list) and node:
        holder[key] = node[: chance.randrange(len(node))]
    elif isinstance(node, dict) and node:
        holder[key] = dict(list(node.items())[: chance.randrange(len(node))])
    else:
        holder[key] = None


def _double(document: Any, place: Place, chance: random.Random) -> None:
    holder, key = place
    again = json.loads(json.dumps(holder[key]))
    if isinstance(holder, list):
        holder.insert(key, again)
    else:
        holder[key + _AGAIN] = again


DAMAGES: tuple[Callable[[Any, Place, random.Random], None], ...] = (_drop, _swap, _retype, _truncate, _double)


def mutant(seed: bytes, chance: random.Random) -> bytes:
    """One to three damages to a message; now and then its bytes are cut as well."""
    document = json.loads(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        found = places(document)
        if found:
            (damage,) = chance.choices(DAMAGES, _WEIGHTS)
            damage(document, chance.choice(found), chance)
    value = json.dumps(document).replace('\\u0000"', '"').encode()
    return value[: chance.randrange(len(value))] if chance.random() < 0.02 else value


def strings(document: Any) -> set[str]:
    """Every string that stands in a document as a value."""
    found = [holder[key] for holder, key in places([document])]
    return {node for node in found if isinstance(node, str)}
