"""What an Observation holds: its own result and those of its components, sorted into used and unused codes."""

from __future__ import annotations

from typing import NamedTuple

from streams.errors import RejectedMessage
from streams.normalise.codes import canonical, is_panel, label
from streams.normalise.shapes import VALUE_TYPES, Component, Observation
from streams.records import Skip


class Part(NamedTuple):
    """One result under one of the vocabulary's codes."""

    field: str
    code: str
    content: Component


class Parts(NamedTuple):
    """An Observation taken apart; nothing of it is left out."""

    used: list[Part]
    skips: list[Skip]
    rejected: list[RejectedMessage]
    ours: bool
    """Whether any version of it can have held a fact: one of our codes, one of our panels, or no coding at all."""


def has_value(content: Component) -> bool:
    """Tell whether any value[x] is there."""
    return (
        content.value_quantity is not None
        or content.value_integer is not None
        or any(getattr(content, name) is not None for name in VALUE_TYPES)
    )


def _code(content: Component, field: str) -> str | None:
    if content.code is None:
        raise RejectedMessage("no-code", f"{field}.code", "a CodeableConcept", "none")
    return canonical(content.code, field)


def take_apart(observation: Observation) -> Parts:
    """Sort an Observation's own result and its components by their codes.

    A component of ours counts under a code that is not ours too, as in local panels. RejectedMessage where the
    Observation's own code is missing or contradicts itself; a component's is set aside alone.
    """
    own = _code(observation, "Observation")
    components = observation.component
    if own is not None and not components:
        return Parts([Part("Observation", own, observation)], [], [], True)
    parts = Parts([], [], [], own is not None or _could_be_ours(observation))
    _take_own(observation, own, parts)
    for index, component in enumerate(components or ()):
        _take_component(component, f"Observation.component[{index}]", parts)
    return parts._replace(ours=True) if parts.used else parts


def _could_be_ours(observation: Observation) -> bool:
    concept = observation.code
    return concept is None or not concept.coding or is_panel(concept)


def _take_own(observation: Observation, own: str | None, parts: Parts) -> None:
    says_something = has_value(observation) or not observation.component
    if own is not None:
        if says_something or observation.data_absent_reason is not None:
            parts.used.append(Part("Observation", own, observation))
    elif says_something and observation.code is not None:
        members = is_panel(observation.code) and not has_value(observation)
        parts.skips.append(Skip("panel-members" if members else "code", label(observation.code)))


def _take_component(component: Component, field: str, parts: Parts) -> None:
    try:
        code = _code(component, field)
    except RejectedMessage as rejected:
        parts.rejected.append(rejected)
        return
    if code is not None:
        parts.used.append(Part(field, code, component))
    elif component.code is not None:
        parts.skips.append(Skip("code", label(component.code)))
