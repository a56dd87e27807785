"""When an observation was true."""

from __future__ import annotations

import pytest

from streams.errors import ContractError
from streams.records import ObservationVersion
from tests.unit.normalise.fhir_messages import NOON, heart_rate, reasons, sent

BERLIN = "Europe/Berlin"


def placed(**changes: object) -> int | None:
    zone = changes.pop("zone", None)
    (event,) = sent(heart_rate(**changes), zone=zone, refuse_future=False).events
    assert isinstance(event, ObservationVersion)
    return event.effective_at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-03-01T12:00:00Z", NOON),
        ("2025-03-01T13:00:00+01:00", NOON),
        ("2025-03-01T12:00Z", NOON),
        ("2025-03-01T12:00:00.1Z", NOON + 100),
        ("2025-03-01T12:00:00.123999999999999999Z", NOON + 123),
        ("2025-03-01T11:59:60Z", NOON - 1),
        ("2144-10-28T23:33:00-04:00", 5_516_912_780_000 + 1_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1800-01-01T00:00:00Z", -5_364_662_400_000),
    ],
)
def test_time_is_read_to_the_millisecond(text: str, at: int) -> None:
    if text.startswith("2144"):
        from datetime import datetime

        at = int(datetime.fromisoformat(text).timestamp()) * 1000
    assert placed(effectiveDateTime=text) == at


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2025", "effective-precision"),
        ("2025-03", "effective-precision"),
        ("2025-03-01", "effective-precision"),
        ("2025-03-01T12:00:00", "effective-zone"),
        ("2025-03-01T24:00:00Z", "effective-format"),
        ("2025-02-30T12:00:00Z", "effective-format"),
        ("2025-03-01T12:61:00Z", "effective-format"),
        ("2025-03-01T12:00:61Z", "effective-format"),
        ("2025-03-01 12:00:00Z", "effective-format"),
        ("20250301T120000Z", "effective-format"),
        ("2025-W09-6T12:00:00Z", "effective-format"),
        ("2025-03-01T12:00:00+15:00", "effective-format"),
        ("٢٠٢٥-03-01T12:00:00Z", "effective-format"),
        ("", "effective-format"),
        ("1" * 1_000_000, "effective-format"),
        ("0001-01-01T00:00:00Z", "effective-range"),
        ("9999-12-31T23:59:59Z", "effective-range"),
    ],
)
def test_time_that_cannot_be_placed_is_rejected(text: str, reason: str) -> None:
    assert reasons(sent(heart_rate(effectiveDateTime=text), refuse_future=False)) == [reason]


def test_missing_time_is_rejected() -> None:
    assert reasons(sent(heart_rate(effectiveDateTime=None))) == ["effective-missing"]


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"effectiveInstant": "2025-03-01T12:00:00Z"}, NOON),
        ({"effectivePeriod": {"start": "2025-03-01T11:00:00Z", "end": "2025-03-01T12:00:00Z"}}, NOON),
        ({"effectivePeriod": {"start": "2025-03-01T12:00:00Z"}}, NOON),
        ({"effectiveTiming": {"event": ["2025-03-01T12:00:00Z", "2025-03-01T13:00:00Z"]}}, NOON),
    ],
)
def test_other_kinds_of_effective_are_read(changes: dict[str, object], at: int) -> None:
    assert placed(effectiveDateTime=None, **changes) == at


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-03-01T13:00:00", "2025-03-01T12:00:00Z"),
        ("2025-03-30T02:30:00", "2025-03-30T01:30:00Z"),  # skipped hour: read with the offset before the change
        ("2025-10-26T02:30:00", "2025-10-26T00:30:00Z"),  # repeated hour: the first
    ],
)
def test_zone_of_the_source_places_times_without_one(text: str, utc: str) -> None:
    assert placed(effectiveDateTime=text, zone=BERLIN) == placed(effectiveDateTime=utc)


def test_zone_that_does_not_exist_stops_with_the_settings_name() -> None:
    with pytest.raises(ContractError, match="zone 'Mars/Olympus' is no IANA time zone"):
        sent(heart_rate(effectiveDateTime="2025-03-01T13:00:00"), zone="Mars/Olympus")


def test_future_beyond_the_tolerance_is_rejected() -> None:
    assert reasons(sent(heart_rate(), received_at=NOON - 300_001)) == ["effective-future"]
    assert reasons(sent(heart_rate(), received_at=NOON - 300_000)) == []


def test_future_is_accepted_in_a_replay() -> None:
    assert reasons(sent(heart_rate(), received_at=0, refuse_future=False)) == []
