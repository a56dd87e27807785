"""The declared topics, and the page that lists them.

Refresh ``docs/topics.md`` after a change with ``python -m tests.unit.test_topics``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import topics
from streams.embedded.worker import WORKERS
from streams.normalise import LARGEST_PAYLOAD
from streams.topics import BY_NAME, COPARTITIONED, DAY_MS, MIB, TOPICS, Topic

PAGE = Path(__file__).parents[2] / "docs/topics.md"
REFRESH = "python -m tests.unit.test_topics"
PROGRAMS = {*WORKERS, "hospital", "replay", "simulate", "sites", "dlq", "models", "alerts"}
"""Who may write and read: the workers, the commands, the hospital, and whoever subscribes at a site."""


def test_every_topic_is_declared_once() -> None:
    assert len(BY_NAME) == len(TOPICS)


def test_every_name_in_the_module_is_a_declared_topic() -> None:
    names = {
        value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str) and "." in value
    }
    assert names <= BY_NAME.keys()
    assert topics.DEAD_LETTERS in BY_NAME


@pytest.mark.parametrize("name", COPARTITIONED)
def test_topics_that_share_partition_numbers_have_as_many_as_the_settings_say(name: str) -> None:
    assert not BY_NAME[name].single


def test_what_the_bedside_reads_writes_and_keeps_of_patients_shares_partition_numbers() -> None:
    touched = {t.name for t in TOPICS if "bedside" in (*words(t.producers), *words(t.consumers)) and not t.single}
    assert touched <= set(COPARTITIONED)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t.name)
def test_every_topic_has_writers_and_readers_that_exist(topic: Topic) -> None:
    assert set(words(topic.producers)) <= PROGRAMS
    assert set(words(topic.consumers)) <= PROGRAMS
    assert topic.producers
    assert topic.consumers


def words(text: str) -> list[str]:
    return text.split(", ")


def test_state_and_latest_scores_are_compacted_and_everything_else_is_kept_for_a_stated_time() -> None:
    compacted = {t.name for t in TOPICS if t.cleanup == "compact"}
    assert sorted(compacted) == ["control.clock", "control.models", "control.pacs", "risk.latest", "state.bedside"]
    days = {t.name: t.retention_ms / DAY_MS for t in TOPICS if t.cleanup == "delete" and t.retention_ms != -1}
    assert days == {
        "fhir.observations": 7,
        "fhir.patients": 7,
        "fhir.encounters": 7,
        "fhir.replay": 7,
        "fhir.imaging": 7,
        "events.imaging": 7,
        "imaging.retry.short": 7,
        "imaging.retry.medium": 7,
        "imaging.retry.long": 7,
        "predictions.imaging": 30,
        "fhir.notes": 7,
        "notes.raw": 7,
        "events.notes": 7,
        "notes.retry.short": 7,
        "notes.retry.medium": 7,
        "notes.retry.long": 7,
        "predictions.notes": 30,
        "events.observations": 7,
        "events.patients": 7,
        "events.transfers": 7,
        "events.ticks": 1,
        "predictions.bedside": 7,
        "control.alerts": 30,
        "dead-letters": 30,
    }


def test_every_version_of_a_score_is_kept() -> None:
    assert BY_NAME[topics.SCORES].config()["retention.ms"] == "-1"


def test_a_topic_as_the_broker_gets_it() -> None:
    assert BY_NAME[topics.DEAD_LETTERS].config() == {
        "cleanup.policy": "delete",
        "retention.ms": str(30 * DAY_MS),
        "max.message.bytes": str(2 * MIB),
        "message.timestamp.type": "CreateTime",
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t.name)
def test_record_timestamps_are_arrival_times(topic: Topic) -> None:
    assert topic.config()["message.timestamp.type"] == "CreateTime"


def test_a_dead_letter_holds_the_largest_payload_in_base64() -> None:
    assert BY_NAME[topics.DEAD_LETTERS].max_message_bytes > LARGEST_PAYLOAD * 4 / 3 + 4096


def kept(topic: Topic) -> str:
    if topic.cleanup == "compact":
        return "compacted"
    return "for ever" if topic.retention_ms == -1 else f"{topic.retention_ms // DAY_MS} d"


def row(topic: Topic) -> str:
    cells = (
        f"`{topic.name}`",
        topic.key,
        topic.value,
        "1" if topic.single else "as set",
        kept(topic),
        f"{topic.max_message_bytes // MIB} MiB",
        topic.producers,
        topic.consumers,
    )
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The page of all topics, written from the code."""
    return "\n".join(
        [
            "# Topics",
            "",
            "Every Kafka topic of the system. `cardiostream topics create` makes them, `cardiostream topics check`",
            "fails where the broker's differ. Generated from `streams/topics.py` by",
            f"`{REFRESH}`; a test fails where the two differ.",
            "",
            "| Topic | Key | Value | Partitions | Kept | Largest message | Written by | Read by |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *map(row, TOPICS),
            "",
            "*As set* means `CARDIOSTREAM_PARTITIONS`. Partition numbers mean the same share of the patients on "
            + ", ".join(f"`{name}`" for name in COPARTITIONED)
            + ". Record timestamps are arrival times (`CreateTime`), never clinical times.",
            "",
        ]
    )


def test_the_page_of_topics_is_that_of_the_code() -> None:
    assert PAGE.read_text() == page(), f"refresh it with `{REFRESH}`"


if __name__ == "__main__":
    PAGE.write_text(page())
