"""Whole-day shifts: one time line for all, nothing else of the text changed."""

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from streams.clock import DAY, HOUR
from streams.feed.calendar import day_shifts, shifted

OBSERVATION = b"""{"resourceType":"Observation","id":"2100-01-01",
 "meta":{"versionId":"2","lastUpdated":"2144-10-29T00:10:00-04:00"},
 "effectiveDateTime": "2144-10-28T23:33:00.120-04:00","issued":"2144-10-28T23:34:00Z",
 "text":{"div":"<p id=\\"start\\">at \\"2144-10-28\\"</p>"},"identifier":[{"value":"2144-10-28"}],
 "valueQuantity":{"value":97.50,"low":1.0E+2,"x":0.1000000000000000055511151231257827}}"""


def test_dates_move_and_everything_else_stays_to_the_byte() -> None:
    expected = (
        OBSERVATION.replace(b'"2144-10-29T00:10', b'"2144-10-31T00:10')
        .replace(b'"2144-10-28T23:33', b'"2144-10-30T23:33')
        .replace(b'"2144-10-28T23:34', b'"2144-10-30T23:34')
    )
    assert shifted(OBSERVATION, 2) == expected


def test_birth_dates_and_periods_move_and_partial_dates_keep_their_precision() -> None:
    body = b'{"birthDate":"2090-01-02","deceasedDateTime":"2144","period":{"start":"2144-02","end":"2144-03-01"}}'
    assert shifted(body, -366) == (
        b'{"birthDate":"2089-01-01","deceasedDateTime":"2142","period":{"start":"2143-01","end":"2143-03-01"}}'
    )


def test_dates_that_are_none_stay_as_they_are() -> None:
    body = b'{"issued":"2144-13-45T00:00:00Z","birthDate":"0001-01-01","start":"9999-12-31"}'
    assert shifted(body, -1).startswith(b'{"issued":"2144-13-45T00:00:00Z","birthDate":"0001-01-01"')
    assert shifted(body, 1).endswith(b'"start":"9999-12-31"}')


def test_no_days_is_no_change() -> None:
    assert shifted(OBSERVATION, 0) is OBSERVATION


@given(
    st.dates(date(1900, 1, 1), date(2300, 1, 1)),
    st.integers(-80_000, 80_000),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_shift_moves_by_exactly_its_days_and_can_be_undone(day: date, days: int, value: float) -> None:
    body = json.dumps({"effectiveDateTime": f"{day}T23:59:60-04:00", "valueQuantity": {"value": value}}).encode()
    moved = json.loads(shifted(body, days))
    assert (date.fromisoformat(moved["effectiveDateTime"][:10]) - day).days == days
    assert moved["effectiveDateTime"][10:] == "T23:59:60-04:00"
    assert shifted(shifted(body, days), -days) == body


def test_all_patients_begin_on_one_day_and_the_last_observation_falls_within_the_day_before_the_end() -> None:
    times = [("a", 1000 * DAY + 3 * HOUR), ("a", 1002 * DAY + 5 * HOUR), ("b", 7000 * DAY + 20 * HOUR)]
    end = 20_000 * DAY + 4 * HOUR
    shifts = day_shifts(times, end)
    moved = [(patient, at + shifts[patient] * DAY) for patient, at in times]
    assert moved[0][1] // DAY == moved[2][1] // DAY
    assert moved[1][1] == 19_999 * DAY + 5 * HOUR
    assert [at % DAY for _, at in moved] == [3 * HOUR, 5 * HOUR, 20 * HOUR]


def test_patients_may_end_on_one_day_instead() -> None:
    times = [("a", 1000 * DAY), ("a", 1002 * DAY + 5), ("b", 7000 * DAY + 9)]
    shifts = day_shifts(times, 20_000 * DAY + HOUR, "end")
    assert shifts == {"a": 20_000 - 1002, "b": 20_000 - 7000}


def test_nothing_to_shift_is_no_error() -> None:
    assert day_shifts([], 5 * DAY) == {}
