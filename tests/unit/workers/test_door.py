"""A source keyed by patient: normalised at the bedside, in one hop; what is not of that partition goes elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams import topics
from streams.errors import ContractError
from streams.settings import Settings, Source
from streams.timeline.share import Share
from streams.transport.produce import Out, partition_of
from streams.transport.runs import Run
from streams.workers.door import Door
from streams.workers.gathering import Gathered
from streams.workers.ownership import retention_of
from streams.workers.relay import Relay
from tests.unit.normalise.fhir_messages import NOON, bundle, heart_rate
from tests.unit.normalise.test_normalise_studies import study
from tests.unit.workers.fakes import Rec

SETTINGS = Settings(partitions=6, sources=(Source(name="monitors", topic="bus.vitals", keyed_by_patient=True),))
HOME = partition_of(b"p1", 6)
ELSEWHERE = next(n for n in range(100) if partition_of(b"p%d" % n, 6) != HOME)
OTHER = {"reference": f"Patient/p{ELSEWHERE}"}


class Bedside:
    """A door with the share of one partition behind it."""

    def __init__(self) -> None:
        self.door = Door(SETTINGS, Relay(6))
        self.share = Share(b"mark", retention_of(SETTINGS))
        self.gathered = Gathered()

    def take(self, *messages: Any, partition: int = HOME) -> list[Out]:
        values = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
        records = tuple(Rec(offset, value, timestamp=NOON) for offset, value in enumerate(values))
        return self.door.take(Run("bus.vitals", partition, records, 1), self.share, self.gathered)


def test_an_observation_of_this_partition_is_taken_in_and_nothing_is_produced() -> None:
    bedside = Bedside()
    assert bedside.take(heart_rate()) == []
    assert bedside.gathered.arrivals == {"p1": NOON}
    assert list(bedside.share.timelines) == ["p1"]


def test_an_observation_of_another_partition_goes_over_the_topic_that_all_read() -> None:
    bedside = Bedside()
    [out] = bedside.take(heart_rate(subject=OTHER))
    assert (out.topic, out.partition) == (topics.EVENTS_OBSERVATIONS, partition_of(b"p%d" % ELSEWHERE, 6))
    assert not bedside.share.timelines


def test_an_entry_of_a_bundle_goes_where_it_belongs() -> None:
    bedside = Bedside()
    outs = bedside.take(bundle(heart_rate(), heart_rate(id="hr-2", subject=OTHER)))
    assert [(out.topic, out.key) for out in outs] == [(topics.EVENTS_OBSERVATIONS, b"p%d" % ELSEWHERE)]
    assert list(bedside.share.timelines) == ["p1"]


def test_a_correction_is_taken_in_and_told_to_every_partition() -> None:
    bedside = Bedside()
    outs = bedside.take(heart_rate(status="corrected", meta={"versionId": "2"}))
    assert [(out.topic, out.partition) for out in outs] == [(topics.EVENTS_PATIENTS, n) for n in range(6)]
    assert list(bedside.share.timelines) == ["p1"]


def test_what_cannot_be_used_is_a_dead_letter() -> None:
    [out] = Bedside().take(b"not JSON")
    assert out.topic == topics.DEAD_LETTERS


def test_corrections_alone_are_no_sign_of_a_wrong_key() -> None:
    bedside = Bedside()
    for n in range(1100):
        bedside.take(heart_rate(id=f"hr-{n}", status="corrected"))


def test_a_source_that_is_not_keyed_as_it_says_stops_with_a_message() -> None:
    bedside = Bedside()
    messages = [heart_rate(id=f"hr-{n}", subject=OTHER) for n in range(1000)]
    with pytest.raises(ContractError, match="keyed by the bare patient id"):
        bedside.take(*messages)


def test_a_source_most_of_which_is_refused_stops_alone() -> None:
    bedside = Bedside()
    letters = bedside.take(*[b"not JSON"] * 1200)
    assert len(letters) == 1000
    assert bedside.door.intake.stopped == {"bus.vitals"}


def test_an_imaging_study_is_no_part_of_the_bedsides_state_and_goes_to_the_worker_for_it() -> None:
    bedside = Bedside()
    outs = bedside.take(study(status="cancelled"))
    assert [(out.topic, out.partition) for out in outs] == [
        (topics.EVENTS_IMAGING, HOME),
        *((topics.EVENTS_PATIENTS, n) for n in range(6)),
        *((topics.EVENTS_IMAGING, n) for n in range(6)),
    ]
    assert not bedside.share.timelines


def test_imaging_studies_of_this_partition_are_no_sign_of_a_wrong_key() -> None:
    bedside = Bedside()
    for n in range(1100):
        bedside.take(study(id=f"s-{n}"))
