"""The order in which a recording is fed."""

import json
from typing import Any

from streams.clock import DAY, HOUR, MINUTE, isoformat
from streams.feed.outline import outline
from streams.feed.recording import Recorded
from streams.feed.sequence import Delivery, Placement, on_one_time_line

END = 20_000 * DAY + 12 * HOUR
OLD, NEW = 70_000 * DAY, 64_000 * DAY
KEEP = Placement(END, keep_dates=True)


def recorded(**content: Any) -> Recorded:
    body = json.dumps(content).encode()
    return Recorded(body, outline(body))


def pulse(name: str, patient: str, at: int, **more: Any) -> Recorded:
    subject = {"reference": f"Patient/{patient}"}
    return recorded(resourceType="Observation", id=name, subject=subject, effectiveDateTime=isoformat(at), **more)


def names(fed: list[Delivery]) -> list[str]:
    return [json.loads(one.value)["id"] for one in fed]


def test_patients_come_first_and_the_rest_by_clinical_time_across_patients() -> None:
    feed = [
        pulse("a2", "a", OLD + 2 * HOUR),
        pulse("a1", "a", OLD + HOUR),
        pulse("b1", "b", NEW + 90 * MINUTE),
        recorded(resourceType="Patient", id="a", birthDate="2100-01-01"),
    ]
    fed = on_one_time_line(feed, Placement(END))
    assert names(fed) == ["a", "a1", "b1", "a2"]
    assert [one.key for one in fed] == [b"Patient/a", b"Patient/a", b"Patient/b", b"Patient/a"]
    assert [one.at for one in fed[1:]] == [20_000 * DAY + at for at in (HOUR, 90 * MINUTE, 2 * HOUR)]
    assert json.loads(fed[2].value)["effectiveDateTime"] == isoformat(20_000 * DAY + 90 * MINUTE)


def test_age_at_every_observation_stays() -> None:
    feed = [
        recorded(resourceType="Patient", id="a", birthDate=isoformat(OLD - 30_000 * DAY)[:10]),
        pulse("a1", "a", OLD),
    ]
    fed = on_one_time_line(feed, Placement(END))
    assert json.loads(fed[0].value)["birthDate"] == isoformat(fed[1].at - 30_000 * DAY)[:10]


def test_kept_dates_are_kept_to_the_byte() -> None:
    feed = [pulse("a1", "a", OLD), pulse("b1", "b", NEW)]
    fed = on_one_time_line(feed, KEEP)
    assert [one.value for one in fed] == [feed[1].body, feed[0].body]


def test_the_order_of_recording_shows_what_came_late() -> None:
    late = pulse("late", "a", OLD, meta={"lastUpdated": isoformat(OLD + 3 * HOUR)})
    feed = [late, pulse("a2", "a", OLD + HOUR)]
    assert names(on_one_time_line(feed, KEEP)) == ["late", "a2"]
    assert names(on_one_time_line(feed, Placement(END, True, order="recorded"))) == ["a2", "late"]


def test_the_order_of_the_file_is_left_alone_and_time_never_goes_back() -> None:
    feed = [pulse("a2", "a", OLD + HOUR), pulse("a1", "a", OLD)]
    fed = on_one_time_line(feed, Placement(END, True, order="file"))
    assert names(fed) == ["a2", "a1"]
    assert [one.at for one in fed] == [OLD + HOUR, OLD + HOUR]


def test_in_the_order_of_the_file_a_patient_may_come_after_its_facts() -> None:
    patient = recorded(resourceType="Patient", id="a", meta={"lastUpdated": isoformat(OLD)})
    feed = [pulse("a1", "a", OLD), pulse("a2", "a", OLD + HOUR), patient]
    assert names(on_one_time_line(feed, Placement(END, True, order="file"))) == ["a1", "a2", "a"]
    assert names(on_one_time_line(feed, Placement(END, True, order="recorded"))) == ["a", "a1", "a2"]


def test_encounters_long_before_do_not_stretch_the_time_line() -> None:
    visit = recorded(
        resourceType="Encounter",
        id="e",
        subject={"reference": "Patient/a"},
        period={"start": isoformat(OLD - 900 * DAY)},
    )
    fed = on_one_time_line([visit, pulse("a1", "a", OLD)], KEEP)
    assert [one.at for one in fed] == [OLD, OLD]


def test_what_has_no_time_follows_the_record_before_it_and_is_not_lost() -> None:
    noise = Recorded(b"not json", outline(b"not json"))
    feed = [pulse("a1", "a", OLD), pulse("a3", "a", OLD + HOUR), noise]
    fed = on_one_time_line(feed, KEEP)
    assert fed[-1] == Delivery(None, b"not json", OLD + HOUR)


def test_an_empty_recording_is_an_empty_feed() -> None:
    assert on_one_time_line([], Placement(END)) == []
