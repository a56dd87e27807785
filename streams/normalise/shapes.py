"""The elements of FHIR R4 and R4B resources that are read, typed; everything else in a resource is passed over.

The two releases agree on all of these (http://hl7.org/fhir/R4/observation.html, http://hl7.org/fhir/R4B/observation.html),
so there is one reader. ``Any`` stands where a wrong type deserves a reason of its own.
"""

from __future__ import annotations

from typing import Any

import msgspec

VALUE_TYPES = (
    "value_codeable_concept",
    "value_string",
    "value_boolean",
    "value_range",
    "value_ratio",
    "value_sampled_data",
    "value_time",
    "value_date_time",
    "value_period",
)
"""The kinds of value[x] that hold no single number."""


class Coding(msgspec.Struct, rename="camel"):
    """A code in a code system."""

    system: str | None = None
    code: str | None = None


class CodeableConcept(msgspec.Struct, rename="camel"):
    """A concept, perhaps coded several times over."""

    coding: list[Coding] | None = None


class Quantity(msgspec.Struct, rename="camel"):
    """A measured amount with its unit."""

    value: Any = None
    comparator: Any = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Reference(msgspec.Struct, rename="camel"):
    """A link to another resource."""

    reference: str | None = None
    type: str | None = None
    identifier: Any = None


class Period(msgspec.Struct, rename="camel"):
    """A span of time."""

    start: str | None = None
    end: str | None = None


class Timing(msgspec.Struct, rename="camel"):
    """Times at which something happened."""

    event: list[str | None] | None = None


class Meta(msgspec.Struct, rename="camel"):
    """What a server says about a version of a resource."""

    last_updated: str | None = None
    version_id: str | None = None


class Component(msgspec.Struct, rename="camel"):
    """One of several results that make up an Observation."""

    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_integer: Any = None
    data_absent_reason: Any = None
    value_codeable_concept: Any = None
    value_string: Any = None
    value_boolean: Any = None
    value_range: Any = None
    value_ratio: Any = None
    value_sampled_data: Any = None
    value_time: Any = None
    value_date_time: Any = None
    value_period: Any = None


class Observation(Component, rename="camel"):
    """A measurement or finding; its own code and value are read as those of a component are."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: Period | None = None
    effective_timing: Timing | None = None
    component: list[Component] | None = None


class Patient(msgspec.Struct, rename="camel"):
    """A person in care, as far as the models need to know."""

    id: str | None = None
    meta: Meta | None = None
    birth_date: str | None = None
    gender: str | None = None


class Flag(msgspec.Struct, rename="camel"):
    """A clinician's warning about a patient (http://hl7.org/fhir/R4/flag.html; R5 the same in what is read)."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    period: Period | None = None
