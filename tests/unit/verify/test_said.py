"""What stands of one patient's studies and notes: told apart by source and id, whoever else has the same id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from streams import topics
from streams.records import Identities, Identity, NotePredictions, Overruling, Version
from streams.settings import Settings
from streams.timeline.share import Share
from streams.transport.produce import partition_of
from streams.verify import said
from streams.verify.said import said_of
from streams.workers.ownership import outs_of, retention_of
from tests.unit.workers.fakes import START, Broker, encode
from tests.unit.workers.versions import film, note

SETTINGS = Settings(partitions=2)
V1, V2, VOID = Version(0, 1, 2), Version(0, 2, 3), Version(0, 3, 4)
MERGED = Identity("old", "p1", "hospital", "p1", Version(0, 1), True)


def of_source(source: str, one: Any) -> Any:
    return msgspec.structs.replace(one, source=source)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(said, "reading", made.reading)
    return made


async def told(broker: Broker, *heard: Any, words: Iterable[Identity] = ()) -> list[tuple[str, str, str]]:
    """Source, id and patient of what is listed for p1."""
    for one in heard:
        topic = topics.PREDICTIONS_NOTES if isinstance(one, NotePredictions) else topics.PREDICTIONS_IMAGING
        broker.append(topic, partition_of(one.patient_id.encode(), 2), one.patient_id.encode(), encode(one))
    share = Share(b"mark", retention_of(SETTINGS))
    number = partition_of(b"p1", 2)
    pieces = share.restore([])
    share.apply(Identities(tuple(words), START))
    for out in outs_of(number, pieces + share.changed([])):
        broker.append(out.topic, out.partition, out.key, out.value)
    return [(one.source, one.resource_id, one.patient_id) for one in await said_of(SETTINGS, "p1")]


async def test_a_study_of_another_source_with_the_same_id_that_is_somebody_elses_is_not_listed(broker: Broker) -> None:
    mine, other = film("1", "p1", START, V1, 0.6), of_source("clinic", film("1", "p2", START, V1, 0.4))
    assert await told(broker, mine, other) == [("hospital", "ImagingStudy/1", "p1")]


async def test_nor_where_the_patients_own_came_under_an_id_that_was_merged(broker: Broker) -> None:
    mine, other = film("1", "old", START, V1, 0.6), of_source("clinic", film("1", "p2", START, V1, 0.4))
    assert await told(broker, mine, other, words=[MERGED]) == [("hospital", "ImagingStudy/1", "old")]


async def test_a_merge_that_was_taken_back_takes_its_studies_along(broker: Broker) -> None:
    undone = msgspec.structs.replace(MERGED, version=Version(0, 2), stands=False)
    assert await told(broker, film("1", "old", START, V1, 0.6), words=[MERGED, undone]) == []


async def test_studies_of_two_sources_with_one_id_are_two(broker: Broker) -> None:
    one, other = film("1", "p1", START, V1, 0.6), of_source("clinic", film("1", "p1", START, V2, 0.4))
    assert await told(broker, one, other) == [
        ("clinic", "ImagingStudy/1", "p1"),
        ("hospital", "ImagingStudy/1", "p1"),
    ]


async def test_a_withdrawal_by_one_source_takes_nothing_of_the_other(broker: Broker) -> None:
    one, other = film("1", "p1", START, V1, 0.6), of_source("clinic", film("1", "p1", START, VOID, None))
    assert await told(broker, one, other) == [("hospital", "ImagingStudy/1", "p1")]


async def test_a_study_that_became_another_patients_is_not_listed_any_more(broker: Broker) -> None:
    moved = Overruling("hospital", "ImagingStudy/1", V2, "p2", START)
    assert await told(broker, film("1", "p1", START, V1, 0.6), moved) == []


async def test_a_note_that_another_replaces_is_not_listed(broker: Broker) -> None:
    first = note("a", "p1", START, V1, 0.6)
    second = note("b", "p1", START + 1, V1, 0.7, replaces=("DocumentReference/a",))
    assert await told(broker, first, second) == [("hospital", "DocumentReference/b", "p1")]
