"""What the policy reads from a score."""

from __future__ import annotations

import pytest

from streams.alerts.assessed import assessed
from streams.records import Prediction, RiskScore, Status

AT = 1_700_000_040_000


def score(status: Status, *reasons: str, study: str = "") -> RiskScore:
    said = Prediction("p1", "deterioration_gru", "1", AT, status, reasons=reasons, study=study)
    return RiskScore("p1", AT, "low", 20.0, (said,), False, False, False, (), 0)


@pytest.mark.parametrize("reason", ["contract:nan", "contract:range", "contract:shape", "contract:refused"])
def test_an_answer_that_breaks_the_contract_does_not_reassure(reason: str) -> None:
    assert assessed(score("indeterminate", reason)).degraded


def test_a_model_whose_input_does_not_suffice_is_not_missed() -> None:
    assert not assessed(score("indeterminate", "missing:8867-4")).degraded


def test_a_broken_answer_on_a_film_concerns_the_film_alone() -> None:
    assert not assessed(score("indeterminate", "contract:nan", study="ImagingStudy/x")).degraded
