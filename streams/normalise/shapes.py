"""The elements of FHIR R4, R4B and R5 resources that are read, typed; everything else in a resource is passed over.

R4 and R4B agree on all of these (http://hl7.org/fhir/R4/observation.html, http://hl7.org/fhir/R4B/observation.html). R5
adds two kinds of value[x] and names two elements of an Encounter otherwise (http://hl7.org/fhir/R5/encounter.html), so
one shape serves all. ``Any`` stands where a wrong type deserves a reason of its own.
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
    "value_attachment",
    "value_reference",
)
"""The kinds of value[x] that hold no single number; the last two are new in R5."""


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
    display: Any = None


class Identifier(msgspec.Struct, rename="camel"):
    """A number or name that a system knows someone by (R4 2.24.0.10)."""

    use: str | None = None
    system: str | None = None
    value: str | None = None


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
    value_attachment: Any = None
    value_reference: Any = None


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
    contained: Any = None


class Link(msgspec.Struct, rename="camel"):
    """Word that another record is of the same person (R4 8.1.11)."""

    other: Reference | None = None
    type: str | None = None


class Patient(msgspec.Struct, rename="camel"):
    """A person in care, as far as the models need to know."""

    id: str | None = None
    meta: Meta | None = None
    birth_date: str | None = None
    gender: str | None = None
    identifier: list[Identifier] | None = None
    link: list[Link] | None = None
    contained: Any = None


class Place(msgspec.Struct, rename="camel"):
    """Where a patient is, was or will be during an Encounter."""

    location: Reference | None = None
    status: str | None = None
    physical_type: CodeableConcept | None = None
    """R4, R4B."""
    form: CodeableConcept | None = None
    """R5."""
    period: Period | None = None


class Encounter(msgspec.Struct, rename="camel"):
    """A stay in hospital or a visit to it."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    subject: Reference | None = None
    period: Period | None = None
    """R4, R4B."""
    actual_period: Period | None = None
    """R5."""
    location: list[Place] | None = None
    contained: Any = None


class Flag(msgspec.Struct, rename="camel"):
    """A clinician's warning about a patient (http://hl7.org/fhir/R4/flag.html; R5 the same in what is read)."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    period: Period | None = None
    contained: Any = None


class StudySeries(msgspec.Struct, rename="camel"):
    """One series of an ImagingStudy."""

    uid: str | None = None
    modality: Any = None
    """A Coding in R4, a CodeableConcept in R5."""
    body_site: Any = None
    """A Coding in R4, a CodeableReference in R5."""
    number_of_instances: int | None = None
    endpoint: list[Reference] | None = None


class ImagingStudy(msgspec.Struct, rename="camel"):
    """A DICOM study as the record tells of it (http://hl7.org/fhir/R4/imagingstudy.html, and the same of R5)."""

    id: str | None = None
    meta: Meta | None = None
    identifier: list[Identifier] | None = None
    status: str | None = None
    modality: list[Any] | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    started: str | None = None
    endpoint: list[Reference] | None = None
    number_of_instances: int | None = None
    series: list[StudySeries] | None = None
    contained: Any = None
