"""One patient's assessment in one clinical minute, as small as the policy needs it."""

from __future__ import annotations

import struct
from typing import NamedTuple

from streams.clock import MINUTE, Instant
from streams.records import Level, RiskScore

RANK: dict[Level, int] = {"indeterminate": 0, "low": 1, "low-medium": 2, "medium": 3, "high": 4}
_ROW = struct.Struct("<iHHB")
_BROKEN = "contract:"
_NONE = 0xFFFF
SIZE = _ROW.size
"""Bytes of an assessment as it is written."""


class Assessed(NamedTuple):
    """What the score of one minute says; the index in tenths of a point, so that no last bit decides."""

    at: Instant
    """Beginning of the minute."""
    rank: int
    """Place of the level in `RANK`; 0 is indeterminate."""
    tenths: int
    """The index in tenths of a point; -1 where there is none."""
    fast_rank: int
    """The same by vital signs alone, without laboratory scores, notes and images."""
    fast_tenths: int
    degraded: bool
    """A learned model of vital signs gave no answer that counts: what is missing does not reassure."""

    @property
    def is_fast(self) -> bool:
        """Whether vital signs alone say the same."""
        return self.rank == self.fast_rank and self.tenths == self.fast_tenths


def assessed(score: RiskScore, fast: RiskScore | None = None) -> Assessed:
    """Return what the policy needs of a score.

    Parameters
    ----------
    fast
        The score of the same minute by vital signs alone; None where nothing else is part of `score`.
    """
    quick = score if fast is None else fast
    return Assessed(
        score.as_of // MINUTE * MINUTE,
        RANK[score.level],
        _tenths(score.index),
        RANK[quick.level],
        _tenths(quick.index),
        score.degraded or _broken(score),
    )


def _broken(score: RiskScore) -> bool:
    """Tell whether a learned model of vital signs answered something that its manifest rules out."""
    return any(reason.startswith(_BROKEN) for one in score.predictions if not one.study for reason in one.reasons)


def points(tenths: int) -> float | None:
    """Return an index as others read it."""
    return None if tenths < 0 else tenths / 10


def _tenths(index: float | None) -> int:
    return -1 if index is None else round(index * 10)


def pack(one: Assessed) -> bytes:
    """Write an assessment in `SIZE` bytes.

    Raises
    ------
    ValueError
        Where its minute lies more than 4,000 years from 1970, or its index is none.
    """
    marks = one.rank | one.fast_rank << 3 | one.degraded << 6
    try:
        return _ROW.pack(one.at // MINUTE, _stored(one.tenths), _stored(one.fast_tenths), marks)
    except struct.error:
        raise ValueError("assessment: expected a minute near our time and an index, received others") from None


def unpacked(raw: bytes) -> list[Assessed]:
    """Read assessments."""
    return [_read(*fields) for fields in _ROW.iter_unpack(raw)]


def _read(minute: int, index: int, fast: int, marks: int) -> Assessed:
    return Assessed(minute * MINUTE, marks & 7, _shown(index), marks >> 3 & 7, _shown(fast), bool(marks >> 6 & 1))


def _stored(tenths: int) -> int:
    return _NONE if tenths < 0 else tenths


def _shown(stored: int) -> int:
    return -1 if stored == _NONE else stored


def rose(one: Assessed, fast: tuple[int, int]) -> bool:
    """Tell whether vital signs alone are worse than (level, index) of another assessment."""
    return one.fast_rank > fast[0] or one.fast_tenths > fast[1]
