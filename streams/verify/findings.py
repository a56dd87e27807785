"""What the verification finds wrong: kinds and counts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Finding(msgspec.Struct, frozen=True, order=True):
    """One kind of difference and how many there are; never whose."""

    kind: str
    count: int


def counted(counts: Mapping[str, int]) -> list[Finding]:
    """Return what was counted as findings; nothing where there is none of it."""
    return [Finding(kind, int(count)) for kind, count in counts.items() if count]
