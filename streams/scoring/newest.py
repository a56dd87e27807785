"""The newest usable value of each quantity at one clinical instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.timeline.series import Series, Snapshot
from streams.vocabulary import INDEX, QUANTITIES


class Seen(NamedTuple):
    """One value and when it was true."""

    value: float
    effective_at: Instant


class Newest:
    """Looks up the newest values of one snapshot that are at most `limit_ms` old at its ``as_of``.

    Of several values of one quantity at one instant the highest counts (the order of `Series`).
    """

    def __init__(self, snapshot: Snapshot, limit_ms: int) -> None:
        series, self.as_of, self._limit_ms = snapshot.series, snapshot.as_of, limit_ms
        times = series.effective_at
        start, end = times.searchsorted((self.as_of - limit_ms, self.as_of + 1)).tolist()
        self._series = Series(series.quantity[start:end], times[start:end], series.value[start:end])
        self._all, self._end = series, end
        self._last = np.full(len(QUANTITIES), -1, np.int64)
        self._last[self._series.quantity] = np.arange(end - start)  # a repeated index keeps its last assignment

    def of(self, codes: tuple[str, ...]) -> list[Seen | None]:
        """Return the newest value of each of `codes`, None where there is none fresh enough."""
        where = self._last.take([INDEX[code] for code in codes]).tolist()
        return [self._at(place) for place in where]

    def ever(self, code: str) -> Seen | None:
        """Return the newest value of `code` however old it is; for what stands until it is taken back."""
        places = np.flatnonzero(self._all.quantity[: self._end] == INDEX[code])
        if not len(places):
            return None
        return Seen(float(self._all.value[places[-1]]), int(self._all.effective_at[places[-1]]))

    def too_old(self, code: str) -> Seen | None:
        """Return the newest value of `code` where it is older than the limit."""
        found = self.ever(code)
        return found if found and found.effective_at < self.as_of - self._limit_ms else None

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
        return dict(zip(self._series.effective_at[mask].tolist(), self._series.value[mask].tolist(), strict=True))

    def _at(self, place: int) -> Seen | None:
        if place < 0:
            return None
        return Seen(float(self._series.value[place]), int(self._series.effective_at[place]))
