"""Several policies over the same patients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams.alerts.policy import Policy
from streams.clock import Instant
from streams.trial.calls import calls
from streams.trial.charts import Chart
from streams.trial.figures import Figures, figures
from streams.trial.variants import at_index


class Trial:
    """Patients that have been assessed once, and policies that are held against them.

    Parameters
    ----------
    outcomes
        Patient to time of the outcome; None where none are known.
    acknowledge_ms
        How long after each call somebody acknowledges; None: nobody does.
    """

    def __init__(
        self, charts: Sequence[Chart], outcomes: Mapping[str, Instant] | None, acknowledge_ms: Instant | None
    ) -> None:
        self._charts, self._outcomes, self._acknowledge_ms = charts, outcomes, acknowledge_ms

    def of(self, policy: Policy) -> Figures:
        """Return how often a policy would have called, and how early."""
        found = [calls(chart, policy, self._acknowledge_ms) for chart in self._charts]
        return figures(policy.title, found, self._outcomes)

    def curve(self, policy: Policy, thresholds: Iterable[float]) -> list[tuple[float, Figures]]:
        """Return the same for the first rule alone, raised from each of these indices on."""
        return [(one, self.of(at_index(policy, one))) for one in thresholds]
