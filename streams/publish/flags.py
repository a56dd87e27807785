"""Alerts as FHIR R4: the Flag that a record system shows, and the Communication that somebody is called by."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from streams.clock import isoformat
from streams.publish.terms import AIAST, BASE, qualitative
from streams.records import Alert, Priority

RULE = f"{BASE}:alert-rule"
STATE = f"{BASE}:alert-state"
"""On the Flag: state of the alert (valueCode), which Flag.status does not tell; and why it ended (valueString)."""
REASON = f"{BASE}:alert-reason"
REPLACED_BY = f"{BASE}:alert-replaced-by"
"""On the Flag: the patient or the Flag that stands instead (valueReference)."""
ALERT_ID = f"{BASE}:alert"
_PRIORITY: dict[Priority, str] = {"low": "routine", "medium": "urgent", "high": "stat"}
_CATEGORY = {"system": "http://terminology.hl7.org/CodeSystem/communication-category", "code": "alert"}
_CLINICAL = {"system": "http://terminology.hl7.org/CodeSystem/flag-category", "code": "clinical"}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:cardiostream:fhir:communication")


def flag(alert: Alert) -> bytes:
    """Write the R4 Flag of an alert as JSON: active while it stands, inactive once it has ended."""
    period = {"start": isoformat(alert.raised_at)}
    if not alert.is_open:
        period["end"] = isoformat(max(alert.changed_at, alert.raised_at))
    resource: dict[str, Any] = {
        "resourceType": "Flag",
        "id": alert.alert_id,
        "meta": {"security": [AIAST]},
        "extension": _extensions(alert),
        "identifier": [{"system": ALERT_ID, "value": alert.alert_id}],
        "status": "active" if alert.is_open else "inactive",
        "category": [{"coding": [_CLINICAL]}],
        "code": {"coding": [{"system": RULE, "code": alert.rule}], "text": alert.text or alert.rule},
        "subject": {"reference": f"Patient/{alert.patient_id}"},
        "period": period,
        **_encounter(alert),
        "author": _author(alert),
    }
    return msgspec.json.encode(resource)


def communication(alert: Alert) -> bytes | None:
    """Write the R4 Communication by which somebody is called, as JSON; None where nobody is or was.

    One for each time that an alert is raised and each step of escalation; completed once somebody has acknowledged.
    Whether a device of the ward has shown it is not known here.
    """
    if alert.state not in {"raised", "escalated", "acknowledged"}:
        return None
    heard = alert.state == "acknowledged"
    resource: dict[str, Any] = {
        "resourceType": "Communication",
        "id": str(uuid.uuid5(_NAMESPACE, f"{alert.alert_id}/{alert.times_raised}/{alert.step}")),
        "meta": {"security": [AIAST]},
        "status": "completed" if heard else "in-progress",
        "category": [{"coding": [_CATEGORY]}],
        "priority": _PRIORITY[alert.priority],
        "subject": {"reference": f"Patient/{alert.patient_id}"},
        "about": [{"reference": f"Flag/{alert.alert_id}"}],
        **_encounter(alert),
        **({"received": isoformat(alert.changed_at)} if heard else {"sent": isoformat(alert.changed_at)}),
        **({"recipient": [{"display": alert.notify}]} if alert.notify else {}),
        "sender": _author(alert),
        "reasonCode": [qualitative(alert.level)],
        "payload": [{"contentString": alert.text or alert.rule}],
    }
    return msgspec.json.encode(resource)


def _extensions(alert: Alert) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"url": STATE, "valueCode": alert.state}]
    if alert.reason:
        found.append({"url": REASON, "valueString": alert.reason})
    if alert.replaced_by:
        whole = alert.replaced_by if "/" in alert.replaced_by else f"Flag/{alert.replaced_by}"
        found.append({"url": REPLACED_BY, "valueReference": {"reference": whole}})
    return found


def _encounter(alert: Alert) -> dict[str, Any]:
    return {"encounter": {"reference": f"Encounter/{alert.encounter_id}"}} if alert.encounter_id else {}


def _author(alert: Alert) -> dict[str, str]:
    """Return who says so: the policy, by name and digest of its content."""
    return {"display": f"CardioStream, policy {alert.policy}"}
