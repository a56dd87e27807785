"""The doors of a site: the topics of its bus, and the servers that may be asked for what events name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from streams import topics

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~\-]+)*/?")
FhirVersion = Literal["R4", "R4B", "R5"]
ResourceKey = Literal[
    "",
    "Observation",
    "Patient",
    "Encounter",
    "Flag",
    "ImagingStudy",
    "DocumentReference",
    "DiagnosticReport",
    "Composition",
]


class Source(BaseModel):
    """One door of the hospital: a topic on its bus and what is known about the records there."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, extra="forbid")

    name: str
    """Name of the source; part of every fact's identity, so two systems may use the same resource ids."""
    topic: str
    """Kafka topic that the source writes."""
    form: Literal["fhir", "text"] = "fhir"
    """What its records hold: FHIR resources as JSON, or the text of one clinical note each, with what is known about it
    in the record's headers."""
    fhir_version: FhirVersion = "R4"
    """FHIR release of its resources."""
    zone: str | None = None
    """IANA time zone of timestamps that carry none; without it such timestamps are rejected."""
    keyed_by_patient: bool = False
    """Whether it is keyed by the bare patient id, on as many partitions as ours, by Kafka's default partitioner:
    `bedside` then reads it itself, and an observation reaches its score in one hop."""
    key_is_id_of: ResourceKey = ""
    """Resource type whose bare id, or ``Type/id``, is the Kafka key; an empty value then deletes that resource."""
    refuse_future: bool = True
    """Whether a clinical time far after arrival is rejected; off for replays of recorded, date-shifted feeds."""


class Server(BaseModel):
    """A server that may be asked over HTTP, and how it knows us."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, extra="forbid")

    name: str
    """Name of the server, for logs and counters."""
    url: str
    """Base address; addresses that events name have to lie at it or below it."""
    redirect_hosts: tuple[str, ...] = ()
    """Further hosts that it may redirect to, as scheme://host:port; the user and password are not sent there."""
    user: str = ""
    """User name for basic authentication; empty for none."""
    password_file: Path | None = None
    """File that holds the password of that user."""
    token_file: Path | None = None
    """File that holds a bearer token; it is read again for every connection, so a new one needs no restart."""
    client_certificate: Path | None = None
    """PEM file with the client's certificate, for mutual TLS."""
    client_key: Path | None = None
    """PEM file with its key, where that is not in the same file."""
    ca_file: Path | None = None
    """PEM file of the authorities that its certificate is checked against; the machine's own where not set."""

    @field_validator("url", "changes_url", "redirect_hosts", check_fields=False)
    @classmethod
    def _plain_address(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in (given,) if isinstance(given, str) else given:
            if one and not _ADDRESS.fullmatch(one):
                raise ValueError("expected http(s)://host[:port][/path] without user, query and fragment")
        return given


class Pacs(Server):
    """One PACS that images may be fetched from; nothing else is ever asked."""

    name: str
    """Name of the PACS, for logs and counters."""
    url: str
    """Base address of its DICOMweb service, e.g. https://pacs.example/dicom-web; addresses that events name have to lie
    at it or below it."""
    endpoints: tuple[str, ...] = ()
    """Ids of the FHIR Endpoint resources that mean this PACS."""
    changes_url: str = ""
    """Base address of its change feed (Orthanc's REST API), read for studies that no event tells of; empty for none."""
    patient_system: str = ""
    """Identifier system of its Patient IDs, by which studies of the change feed find their patients."""
    store_results: bool = False
    """Whether what models find is put into its studies as DICOM: a drawing (Secondary Capture) and the measures (SR),
    each marked as AI-derived and for research."""
    zone: str | None = None
    """IANA time zone of its study times; without it studies of the change feed do not say when they began, and count
    for nothing in the score."""


class DocumentServer(Server):
    """One server that clinical notes may be fetched from where an event brings their address alone."""

    name: str
    """Name of the server, for logs and counters."""
    url: str
    """Base address below which notes may lie, e.g. https://fhir.example/r4; the first server of the list is also asked
    for relative references such as Binary/17."""


def usual_sources() -> tuple[Source, ...]:
    """Return the doors of a site that has not named its own."""
    return (
        Source(name="hospital", topic=topics.OBSERVATIONS),
        Source(name="hospital", topic=topics.PATIENTS),
        Source(name="hospital", topic=topics.ENCOUNTERS),
        Source(name="hospital", topic=topics.IMAGING),
        Source(name="hospital", topic=topics.NOTES),
        Source(name="notes", topic=topics.NOTES_RAW, form="text"),
        Source(name="replay", topic=topics.REPLAY, refuse_future=False),
    )
