from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.alerts.assessed import Assessed
from streams.alerts.life import Place
from streams.clock import DAY, HOUR, MINUTE
from streams.errors import RejectedMessage
from streams.settings import Settings
from streams.trial.calls import Calls, Stood, calls
from streams.trial.charts import Chart, charts
from streams.trial.figures import figures
from streams.trial.outcomes import read_outcomes
from streams.trial.report import cells, table
from streams.trial.variants import at_index
from tests.unit.alerts.policies import START, at, one, policy

RULES = policy("cooldown: 30 min\nescalation: [{after: 15 min, to: nurse in charge}]")


def chart(*rows: Assessed) -> Chart:
    return Chart("p1", rows, Place())


def test_every_alert_and_every_call_of_a_patient_is_counted() -> None:
    found = calls(chart(one(0, 50), one(1, 80), one(60, 50), one(200, 80), one(300, 20)), RULES)
    assert found.alerts == ((at(1), at(60)), (at(200), at(300)))
    assert found.observed_ms == 300 * MINUTE
    assert (found.called, found.recovered, found.ended) == (4, 2, 2)


def test_what_somebody_acknowledges_in_time_is_not_escalated() -> None:
    found = calls(chart(one(0, 50), one(1, 80), one(60, 50)), RULES, 10 * MINUTE)
    assert (found.called, found.recovered) == (1, 1)


def test_a_pause_between_two_stays_is_not_observed() -> None:
    assert calls(chart(one(0, 50), one(60, 50), one(60 + 60 * 24 * 90, 50)), RULES).observed_ms == 13 * HOUR


def said(*raised: int, patient_id: str = "p1", recovered: int = 0, lasts: int = HOUR) -> Calls:
    stood = tuple(Stood(at_, at_ + lasts) for at_ in raised)
    return Calls(patient_id, 2 * DAY, stood, len(raised), recovered, recovered)


def test_figures_are_sums_over_patients_and_their_days() -> None:
    found = figures("plain", [said(START, START + 6 * HOUR, recovered=1), said(patient_id="p2")])
    assert (found.patients, found.patient_days, found.alerts) == (2, 4.0, 2)
    assert (found.per_patient_day, found.per_100_beds, found.without) == (0.5, 50.0, 0.5)
    assert (found.between_h, found.recovered, found.outcomes) == (6.0, 0.5, None)


def test_an_outcome_is_warned_of_by_an_alert_in_the_48_hours_before_and_the_first_of_those_leads() -> None:
    outcomes = {"p1": START + 50 * HOUR, "p2": START + HOUR, "nobody": START}
    people = [said(START, START + 10 * HOUR, START + 20 * HOUR), said(START + 2 * HOUR, patient_id="p2")]
    found = figures("plain", people, outcomes)
    assert (found.outcomes, found.sensitivity, found.lead_h, found.followed) == (2, 0.5, 40.0, 0.5)


def test_an_alert_that_was_raised_earlier_and_still_stood_warned_48_hours_ahead() -> None:
    found = figures("plain", [said(START, lasts=3 * DAY)], {"p1": START + 4 * DAY})
    assert (found.sensitivity, found.lead_h) == (1.0, 48.0)


def test_without_patients_or_alerts_nothing_is_divided() -> None:
    empty = figures("plain", [], {})
    assert (empty.per_patient_day, empty.without, empty.sensitivity) == (None, None, None)
    assert cells(empty, with_outcomes=True)[4:] == ["-", "-", "0", "-", "-", "-", "0", "-", "-", "-"]
    assert table([empty], "title").row_count == 1


def test_a_variant_has_the_first_rule_alone_with_its_times_in_every_ward() -> None:
    variant = at_index(RULES, 55)
    [rule] = variant.rules_of("anywhere")
    assert (rule.raise_at.index, rule.clear_below.index, rule.cooldown_ms) == (550, 450, 30 * MINUTE)


def test_outcomes_are_read_and_the_first_of_a_patient_counts(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.csv"
    path.write_text("patient_id,at\np1,1970-01-03T00:00:00Z\np1,1970-01-02T00:00:00Z\n")
    assert read_outcomes(path) == {"p1": DAY}


@pytest.mark.parametrize("text", ["patient,at\np1,1970-01-02\n", "patient_id,at\nMARKED,yesterday\n"])
def test_an_outcome_that_cannot_be_read_is_told_by_its_line_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "outcomes.csv"
    path.write_text(text)
    with pytest.raises(RejectedMessage, match="line ") as caught:
        read_outcomes(path)
    assert "MARKED" not in str(caught.value)


def measured(name: str, code: str, value: float, unit: str, minute: int) -> str:
    return json.dumps(
        {
            "resourceType": "Observation",
            "id": name,
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": "Patient/p1"},
            "effectiveDateTime": f"2023-11-14T22:{14 + minute:02d}:30Z",
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
        }
    )


def test_a_recorded_feed_is_assessed_at_every_minute_by_the_code_that_serves(tmp_path: Path) -> None:
    bad = {"9279-1": (30, "/min"), "2708-6": (85, "%"), "8867-4": (140, "/min"), "8480-6": (85, "mm[Hg]"),
           "8310-5": (39.5, "Cel")}  # fmt: skip
    fine = {"9279-1": 16, "2708-6": 97, "8867-4": 80, "8480-6": 120, "8310-5": 37}
    lines = [measured(f"f-{code}", code, fine[code], unit, 0) for code, (_, unit) in bad.items()]
    lines += [measured(f"b-{code}", code, value, unit, 5) for code, (value, unit) in bad.items()]
    path = tmp_path / "feed.ndjson"
    path.write_text("\n".join(lines))
    [found] = charts([path], Settings(), None, None)
    assert [(row.at - START) / MINUTE for row in found.rows] == [0, 5]
    assert [row.rank for row in found.rows] == [1, 4]
