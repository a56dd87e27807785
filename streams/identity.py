"""Identities by which a person is known besides the id of a Patient resource, and how facts are referred to."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

_MARK = "idn:"
"""No FHIR id holds a colon (R4 2.24.0.1), so an alias is never mistaken for one."""


def alias(system: str, value: str, source: str) -> str:
    """Return the key under which facts wait that name their patient by identifier alone (R4 2.24.0.10).

    A digest, so that no identifier stands in a Kafka key. An identifier without system means something only within
    its source.
    """
    words = (system, value) if system else ("", value, source)
    digest = blake2b("\x1f".join(words).encode(), digest_size=16)
    return _MARK + digest.hexdigest()


def is_alias(patient_id: str) -> bool:
    """Tell whether this is an alias and not the id of a Patient."""
    return patient_id.startswith(_MARK)


def references_to(resource_ids: Iterable[str]) -> list[str]:
    """Return the FHIR references to facts, in order; one for each would cost more than all of them."""
    return [one if "/" in one else f"Observation/{one}" for one in resource_ids]


def reference_to(resource_id: str) -> str:
    """Return the FHIR reference to a fact: its type where the id names one (``Flag/f1``), else an Observation's."""
    return resource_id if "/" in resource_id else f"Observation/{resource_id}"
