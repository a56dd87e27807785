"""How long slow work waits for another try, and when waiting has an end."""

from __future__ import annotations

import pytest

from streams import topics
from streams.settings import Settings
from streams.workers.slow.waiting import of_imaging, of_notes

SHORT, MEDIUM, LONG = topics.IMAGING_RETRIES
MINUTE, HOUR = 60_000, 3_600_000


WAITS = of_imaging(
    Settings(imaging_retry_delays_s=(10, 60, 600), imaging_arrival_deadline_s=3600, imaging_give_up_s=86400)
)


@pytest.mark.parametrize(
    ("age_ms", "topic"),
    [(0, SHORT), (59_999, SHORT), (MINUTE, MEDIUM), (6 * MINUTE - 1, MEDIUM), (6 * MINUTE, LONG), (30 * HOUR, LONG)],
)
def test_the_longer_a_study_has_waited_the_longer_until_its_next_try(age_ms: int, topic: str) -> None:
    assert WAITS.topic(1000, 1000 + age_ms) == topic


def test_what_lies_on_the_topic_of_events_does_not_wait() -> None:
    assert WAITS.delay_ms(topics.EVENTS_IMAGING) is None
    assert [WAITS.delay_ms(name) for name in topics.IMAGING_RETRIES] == [10_000, 60_000, 600_000]


def test_waiting_has_an_end() -> None:
    assert [WAITS.has_arrived(0, at) for at in (HOUR - 1, HOUR)] == [False, True]
    assert [WAITS.gives_up(0, at) for at in (24 * HOUR - 1, 24 * HOUR)] == [False, True]


def test_notes_wait_on_topics_of_their_own() -> None:
    waits = of_notes(Settings(notes_retry_delays_s=(1, 2, 3)))
    assert [waits.delay_ms(name) for name in topics.NOTES_RETRIES] == [1000, 2000, 3000]
    assert [waits.delay_ms(name) for name in (topics.EVENTS_NOTES, *topics.IMAGING_RETRIES)] == [None] * 4
