"""Words on identities, and facts on their way to the patient whose they are."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records.version import Version


class Identity(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A Patient resource's word on whether the facts of one identity are those of a patient."""

    subject: str
    """Retired patient id, or alias."""
    target: str
    """The patient."""
    source: str
    resource_id: str
    """The Patient resource that says so."""
    version: Version
    stands: bool
    """False: that resource said so once and does not any more."""


class Identities(msgspec.Struct, frozen=True, tag="identities"):
    """What a Patient resource says of identities: retired ids to every partition, an alias to that of the alias."""

    words: tuple[Identity, ...]
    received_at: Instant


class Transfer(msgspec.Struct, frozen=True, tag="transfer"):
    """Facts of a retired id or an alias on their way to the partition of the patient whose they are."""

    origin: str
    """Identity under which the facts came; they keep it, so that a merge can be undone."""
    piece: int
    """Number of the piece of state in `value`."""
    value: bytes
    """The piece, as the state is written (base64 in JSON)."""
    words: tuple[Identity, ...]
    """What is known of the origin's identity where it was sent."""
    received_at: Instant
    """Arrival of the input that made it due."""
