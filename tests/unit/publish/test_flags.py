from __future__ import annotations

import json
from itertools import product
from typing import Any, get_args

import msgspec
from fhir.resources.R4B.communication import Communication
from fhir.resources.R4B.flag import Flag

from streams.publish.flags import communication, flag
from streams.records import Alert, AlertState, Level, Priority

# hl7.org/fhir/R4/valueset-flag-status.html, event-status, request-priority: required bindings
FLAG_STATUS = {"active", "inactive", "entered-in-error"}
EVENT_STATUS = {
    "preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown",
}  # fmt: skip
REQUEST_PRIORITY = {"routine", "urgent", "asap", "stat"}
AT = 1_700_000_040_000
ALERT = Alert(
    "5d2c8bd0-6d8c-5f0e-9a52-3fb1f7c30d4e", "p1", "high-risk", "raised", "high", "High risk", AT, AT, AT, "high", 81.5,
    "plain/0123abcd", ward="North", encounter_id="e1",
)  # fmt: skip
EVERY = [
    msgspec.structs.replace(
        ALERT, state=state, priority=priority, level=level, notify=notify, step=len(notify), encounter_id=encounter,
        replaced_by=instead, reason=reason, index=None if level == "indeterminate" else 50.0,
    )
    for state, priority, level, (notify, encounter, instead, reason) in product(
        get_args(AlertState.__value__ if hasattr(AlertState, "__value__") else AlertState),
        get_args(Priority),
        get_args(Level),
        [("", "", "", ""), ("physician", "e1", "Patient/p2", "merged"), ("", "e1", ALERT.alert_id, "worse")],
    )
]  # fmt: skip


def read(raw: bytes | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw or b"{}")
    return found


def test_every_flag_is_read_back_and_keeps_the_required_bindings() -> None:
    for alert in EVERY:
        found = read(flag(alert))
        Flag.model_validate(found)
        assert found["status"] in FLAG_STATUS
        assert (found["status"] == "active") == alert.is_open == ("end" not in found["period"])


def test_every_communication_is_read_back_and_keeps_the_required_bindings() -> None:
    for alert in EVERY:
        found = read(communication(alert))
        assert bool(found) == (alert.state in {"raised", "escalated", "acknowledged"})
        if found:
            Communication.model_validate(found)
            assert found["status"] in EVENT_STATUS
            assert found["priority"] in REQUEST_PRIORITY
            assert found["about"] == [{"reference": f"Flag/{alert.alert_id}"}]


def test_a_superseded_flag_names_what_stands_instead() -> None:
    merged = msgspec.structs.replace(ALERT, state="superseded", reason="merged", replaced_by="Patient/p2")
    assert read(flag(merged))["extension"] == [
        {"url": "urn:cardiostream:fhir:alert-state", "valueCode": "superseded"},
        {"url": "urn:cardiostream:fhir:alert-reason", "valueString": "merged"},
        {"url": "urn:cardiostream:fhir:alert-replaced-by", "valueReference": {"reference": "Patient/p2"}},
    ]


def test_the_communication_of_an_escalation_is_another_and_names_whom_it_calls() -> None:
    escalated = msgspec.structs.replace(ALERT, state="escalated", step=1, notify="nurse in charge")
    first, second = read(communication(ALERT)), read(communication(escalated))
    assert first["id"] != second["id"]
    assert "recipient" not in first
    assert second["recipient"] == [{"display": "nurse in charge"}]


def test_an_acknowledgement_completes_the_communication_of_the_step_that_it_answers() -> None:
    escalated = msgspec.structs.replace(ALERT, state="escalated", step=1)
    heard = msgspec.structs.replace(escalated, state="acknowledged", changed_at=AT + 60_000)
    assert read(communication(heard))["id"] == read(communication(escalated))["id"]
    assert read(communication(heard))["status"] == "completed"
    assert read(communication(heard))["received"] == "2023-11-14T22:15:00Z"
