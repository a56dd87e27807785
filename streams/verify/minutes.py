"""A patient's assessments by minute, made offline: the code that serves, without Triton."""

from __future__ import annotations

from collections.abc import Sequence

from streams.alerts.assessed import Assessed
from streams.alerts.minutes import earlier, holds_newest
from streams.clock import Instant
from streams.inference.outcomes import Outcome
from streams.timeline.series import Snapshot
from streams.verify.offline import OfflineScorer
from streams.workers.assessment import Case, Noted, cases_of
from streams.workers.minute import judged, row
from streams.workers.serving import Serving

AT_ONCE = 256
"""Minutes that are prepared and judged together."""


class Minutes:
    """Assesses patients minute by minute.

    Parameters
    ----------
    serving
        By which versions.
    scorer
        Of the live version of the learned model; None where none is.
    """

    def __init__(self, serving: Serving, scorer: OfflineScorer | None) -> None:
        self._serving, self._scorer = serving, scorer

    def of(self, seen: Snapshot, since: Instant) -> list[Assessed]:
        """Return the assessment of every minute from `since` on that holds a fact, ascending.

        The minute before may be among them, as in `streams.alerts.minutes.earlier`.
        """
        cuts = [*earlier(seen, since), *([seen] if holds_newest(seen) else ())]
        parts = (cuts[start : start + AT_ONCE] for start in range(0, len(cuts), AT_ONCE))
        return [found for part in parts for found in self._rows(part)]

    def _rows(self, cuts: Sequence[Snapshot]) -> list[Assessed]:
        serving = self._serving
        cases = cases_of([Noted(cut, "fresh", None) for cut in cuts], serving.live)
        answered = zip(cases, self._answers(cases), strict=True)
        return [row(case, outcome, judged(case, outcome, serving), serving) for case, outcome in answered]

    def _answers(self, cases: Sequence[Case]) -> list[Outcome | None]:
        asked = [i for i, case in enumerate(cases) if case.sufficient] if self._scorer is not None else []
        answers: list[Outcome | None] = [None] * len(cases)
        if asked and self._scorer is not None:
            for i, answer in zip(asked, self._scorer.score([cases[i].prepared.tensors for i in asked]), strict=True):
                answers[i] = answer
        return answers
