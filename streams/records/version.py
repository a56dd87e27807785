"""Place of a resource version in the order of its versions."""

from __future__ import annotations

import msgspec

from streams.clock import Instant


class Version(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """Place of one resource version in the total order of its versions; never arrival.

    Missing parts take the defaults below, which sort first. Field order is the order of comparison.
    """

    last_updated: Instant = 0
    """``meta.lastUpdated``; 0 where missing."""
    version_id: int = 0
    """``meta.versionId`` where it is an integer, else 0."""
    status_rank: int = 0
    """registered 0 < preliminary 1 < final 2 < amended, corrected 3 < cancelled, entered-in-error 4."""
    digest: bytes = b""
    """8-byte BLAKE2b of the normalised content; breaks the last ties."""
