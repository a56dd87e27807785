"""Alerts that stand against those that must: every kind of difference is told apart."""

from __future__ import annotations

import msgspec
import pytest

from streams.publish.alerts_view import AlertRow
from streams.records import Alert
from streams.verify.alerted import differences, open_of

AT = 1_700_000_040_000
ALERT = Alert("a1", "p1", "high-risk", "raised", "high", "High risk", AT, AT, AT, "high", 81.5, "plain/0", ward="ICU")


def changed(**fields: object) -> Alert:
    return msgspec.structs.replace(ALERT, **fields)


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        (ALERT, {}),
        (None, {"alerts missing": 1}),
        (changed(alert_id="a2"), {"alerts missing": 1, "alerts of nothing": 1}),
        (changed(state="escalated", step=1), {"alerts in another state": 1}),
        (changed(changed_at=AT + 60_000), {"alerts in another state": 1}),
        (changed(times_raised=2), {"alerts in another state": 1}),
        (changed(by="nurse-1"), {"alerts in another state": 1}),
        (changed(ward="North"), {"alerts in another ward": 1}),
        (changed(index=81.6, policy="plain/1", text="Risk"), {}),
    ],
    ids=["same", "lost", "other id", "step", "time", "times", "by", "ward", "what a word does not follow from"],
)
def test_each_difference_has_its_kind(found: Alert | None, kinds: dict[str, int]) -> None:
    there = {} if found is None else {found.alert_id: found}
    assert differences({"a1": ALERT}, there) == kinds


def test_only_alerts_that_stand_are_compared() -> None:
    def row(alert: Alert) -> AlertRow:
        return AlertRow(alert.patient_id, alert.alert_id, alert.is_open, AT, 1, 0, msgspec.json.encode(alert))

    assert open_of([row(ALERT), row(changed(alert_id="a2", state="resolved"))]) == {"p1": {"a1": ALERT}}
