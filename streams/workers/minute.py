"""One minute of a patient as the policy of alerts looks at it: its score, and that of vital signs alone."""

from __future__ import annotations

import msgspec

from streams.alerts.assessed import Assessed, assessed
from streams.inference.outcomes import Outcome
from streams.records import RiskScore
from streams.workers.assessment import Case, judge
from streams.workers.serving import Serving


def judged(case: Case, outcome: Outcome | None, serving: Serving) -> RiskScore:
    """Return the score of one minute by what is served."""
    return judge(case, outcome, serving.live, serving.rule, serving.standing)


def row(case: Case, outcome: Outcome | None, score: RiskScore, serving: Serving) -> Assessed:
    """Return the assessment of one minute, which nothing having come since does not make indeterminate.

    Parameters
    ----------
    score
        From `judged`.
    """
    if case.stage == "silent":
        case = msgspec.structs.replace(case, stage="fresh")
        score = judged(case, outcome, serving)
    if not case.snapshot.studies:
        return assessed(score)
    quick = msgspec.structs.replace(case, snapshot=msgspec.structs.replace(case.snapshot, studies=()))
    return assessed(score, judged(quick, outcome, serving))
