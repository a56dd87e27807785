"""The newest usable value of each quantity at one clinical instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.timeline.series import Series, Snapshot
from streams.vocabulary import INDEX, QUANTITIES

_NOWHERE = np.full(len(QUANTITIES), -1, np.int64)


class Seen(NamedTuple):
    """One value and when it was true."""

    value: float
    effective_at: Instant


class Newest:
    """Looks up the newest values of one snapshot that are at most `limit_ms` old at its ``as_of``.

    Of several values of one quantity at one instant the highest counts (the order of `Series`).
    """

    def __init__(self, snapshot: Snapshot, limit_ms: int) -> None:
        series = snapshot.series
        end = int(series.effective_at.searchsorted(snapshot.as_of, "right"))
        self._series = Series(series.quantity[:end], series.effective_at[:end], series.value[:end])
        self._fresh_from = snapshot.as_of - limit_ms
        last = _NOWHERE.copy()
        last[self._series.quantity] = np.arange(end)  # a repeated index keeps its last assignment
        self._last: list[int] = last.tolist()

    def of(self, codes: tuple[str, ...]) -> list[Seen | None]:
        """Return the newest value of each of `codes`, None where there is none fresh enough."""
        limit, found = self._fresh_from, [self.ever(code) for code in codes]
        return [seen if seen is not None and seen[1] >= limit else None for seen in found]

    def ever(self, code: str) -> Seen | None:
        """Return the newest value of `code` however old it is; for what stands until it is taken back."""
        place = self._last[INDEX[code]]
        if place < 0:
            return None
        return Seen(self._series.value.item(place), self._series.effective_at.item(place))

    def too_old(self, code: str) -> Seen | None:
        """Return the newest value of `code` where it is older than the limit."""
        found = self.ever(code)
        return found if found is not None and found.effective_at < self._fresh_from else None

    def together(self, codes: tuple[str, ...]) -> list[Seen] | None:
        """Return the values of all of `codes` at the newest instant that has them all, None where none has."""
        newest = [seen for seen in self.of(codes) if seen]
        if len(newest) < len(codes):
            return None
        if len({seen.effective_at for seen in newest}) == 1:
            return newest
        by_code = [self._by_time(code) for code in codes]
        common = set(by_code[0]).intersection(*by_code[1:])
        return [Seen(values[max(common)], max(common)) for values in by_code] if common else None

    def _by_time(self, code: str) -> dict[Instant, float]:
        mask: NDArray[np.bool_] = self._series.quantity == INDEX[code]
        mask &= self._series.effective_at >= self._fresh_from
        return dict(zip(self._series.effective_at[mask].tolist(), self._series.value[mask].tolist(), strict=True))
