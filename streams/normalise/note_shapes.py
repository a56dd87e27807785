"""The elements of FHIR resources that carry clinical notes (R4, R4B, R5), typed; see `streams.normalise.shapes`."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.normalise.shapes import CodeableConcept, Meta, Period, Reference


class Attachment(msgspec.Struct, rename="camel"):
    """A document in some form: its bytes, or where they lie."""

    content_type: str | None = None
    data: str | None = None
    """Base64."""
    url: str | None = None
    creation: str | None = None


class DocumentContent(msgspec.Struct, rename="camel"):
    """One form of a document; R4 and R5 alike in what is read."""

    attachment: Attachment | None = None


class DocumentContext(msgspec.Struct, rename="camel"):
    """Where a document belongs (R4)."""

    encounter: list[Reference] | None = None
    period: Period | None = None


class DocumentRelation(msgspec.Struct, rename="camel"):
    """How a document stands to another one."""

    code: Any = None
    """A code in R4, a CodeableConcept in R5."""
    type: str | None = None
    """Of a Composition in R5 (RelatedArtifact)."""
    target: Reference | None = None
    """Of a DocumentReference."""
    target_reference: Reference | None = None
    """Of a Composition in R4."""
    resource_reference: Reference | None = None
    """Of a Composition in R5."""


class DocumentReference(msgspec.Struct, rename="camel"):
    """A document about a patient (http://hl7.org/fhir/R4/documentreference.html, and the same of R5)."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    doc_status: str | None = None
    type: CodeableConcept | None = None
    subject: Reference | None = None
    date: str | None = None
    relates_to: list[DocumentRelation] | None = None
    content: list[DocumentContent] | None = None
    context: Any = None
    """A `DocumentContext` in R4, references to Encounters in R5."""
    period: Period | None = None
    """R5."""
    contained: Any = None


class DiagnosticReport(msgspec.Struct, rename="camel"):
    """Findings in words (http://hl7.org/fhir/R4/diagnosticreport.html; R5 the same in what is read)."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    conclusion: str | None = None
    presented_form: list[Attachment] | None = None
    contained: Any = None


class Narrative(msgspec.Struct, rename="camel"):
    """What a person is to read."""

    div: str | None = None
    """XHTML."""


class Section(msgspec.Struct, rename="camel"):
    """A part of a Composition."""

    title: str | None = None
    text: Narrative | None = None
    section: list[Section] | None = None


class Composition(msgspec.Struct, rename="camel"):
    """The head of a document (http://hl7.org/fhir/R4/composition.html, and the same of R5)."""

    id: str | None = None
    meta: Meta | None = None
    status: str | None = None
    type: CodeableConcept | None = None
    subject: Any = None
    """A Reference in R4, a list of them in R5."""
    encounter: Reference | None = None
    date: str | None = None
    text: Narrative | None = None
    relates_to: list[DocumentRelation] | None = None
    section: list[Section] | None = None
    contained: Any = None
