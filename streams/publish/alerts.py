"""Kafka headers of an alert: CloudEvents, and what readers need without parsing the value."""

from __future__ import annotations

from streams.clock import isoformat
from streams.publish.headers import CE_SOURCE, EPOCH, WARD, Headers
from streams.records import Alert

CE_TYPE = b"cardiostream.risk.alert.v1"
ALERT, STATE = "cs_alert", "cs_state"


def headers_of(alert: Alert, epoch: int, digest: str) -> Headers:
    """Return an alert's headers (CloudEvents 1.0, Kafka binding in binary mode).

    Parameters
    ----------
    epoch
        The owner's epoch of the partition.
    digest
        Of the value: the same word told twice has one ``ce_id``.
    """
    found = [
        ("ce_specversion", b"1.0"),
        ("ce_id", digest.encode()),
        ("ce_type", CE_TYPE),
        ("ce_source", CE_SOURCE),
        ("ce_time", isoformat(alert.changed_at).encode()),
        ("content-type", b"application/json"),
        (EPOCH, b"%d" % epoch),
        (ALERT, alert.alert_id.encode()),
        (STATE, alert.state.encode()),
    ]
    return [*found, (WARD, alert.ward.encode())] if alert.ward else found
