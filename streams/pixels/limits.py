"""How large a picture may be, and how much memory and time its decoding may take."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one decoding; whatever lies beyond them is refused with the bound as reason."""

    file_bytes: int = 256 * MIB
    """Largest file."""
    pixels: int = 64_000_000
    """Most pixels of one frame."""
    frames: int = 20_000
    """Most frames of a file; one of them is decoded."""
    memory_bytes: int = 1536 * MIB
    """Address space of the decoding process beyond what it has at its start."""
    seconds: float = 30.0
    """Longest that one decoding may take."""
