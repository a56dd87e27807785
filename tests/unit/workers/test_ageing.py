"""Passing time alone ages the studies and notes of those of whom nothing else is known."""

from __future__ import annotations

from streams.clock import DAY
from streams.identity import alias
from streams.records import Identities, Identity, Version
from streams.timeline.timeline import STUDIES
from streams.workers.ageing import aged
from tests.unit.workers.bedsides import Bedside, successor
from tests.unit.workers.fakes import START, vitals
from tests.unit.workers.test_bedside_studies import V1, ratio, say
from tests.unit.workers.versions import film


async def test_films_of_a_patient_without_vital_signs_are_forgotten_by_passing_time(bedside: Bedside) -> None:
    await say(bedside, film("x", "p1", START, V1, 0.6), film("y", "p1", START + 2 * DAY, V1, 0.6))
    await bedside.tick(START + 14 * DAY)
    assert bedside.pieces(STUDIES) == [("p1", True)]
    await bedside.tick(START + 15 * DAY)
    assert [key for _, key in sorted(bedside.work.shares[0].timelines["p1"].studies.held)] == ["ImagingStudy/y"]
    await bedside.tick(START + 17 * DAY)
    assert bedside.pieces(STUDIES) == [("p1", True), ("p1", True), ("p1", False)]
    assert bedside.scores == []


async def test_so_are_those_that_rest_and_those_that_a_successor_finds(bedside: Bedside) -> None:
    await say(bedside, film("x", "p1", START, V1, 0.6))
    async with successor(bedside) as other:
        await other.tick(START + 15 * DAY)
        # Its own piece, then that of the former owner.
        assert other.pieces(STUDIES) == [("p1", False), ("p1", False)]
        await other.take(vitals())
        assert ratio(other) is None
    async with successor(bedside) as third:
        assert [len(one.studies.held) for one in third.work.shares[0].timelines.values()] == [0]


async def test_one_tick_looks_at_a_thousand_such_patients_and_the_next_at_the_others(bedside: Bedside) -> None:
    await say(bedside, *(film("x", f"p{n}", START, V1, 0.6) for n in range(1001)))
    left = []
    for second in range(2):
        await bedside.tick(START + 15 * DAY + second * 1000)
        left.append(len(bedside.work.shares[0].timelines.said_alone(START + DAY)))
    assert left == [1, 0]


async def test_where_there_are_vital_signs_they_alone_age_a_film_and_not_the_clock(bedside: Bedside) -> None:
    await say(bedside, film("x", "p1", START, V1, 0.6))
    await bedside.take(vitals())
    await bedside.tick(START + 15 * DAY)
    assert bedside.pieces(STUDIES) == [("p1", True)]
    await bedside.take(vitals(at=START + 15 * DAY))
    assert bedside.pieces(STUDIES) == [("p1", True), ("p1", False)]


async def test_a_film_under_a_merged_id_that_nothing_else_came_under_ages_and_its_patient_is_published_again(
    bedside: Bedside,
) -> None:
    word = Identity("old", "p1", "hospital", "p1", Version(0, 1), stands=True)
    bedside.work.shares[0].apply(Identities((word,), START))
    await say(bedside, film("x", "old", START, V1, 0.6))
    await bedside.take(vitals(at=START + 15 * DAY))
    await bedside.tick(START + 15 * DAY)
    assert [[m.reasons for m in score.models if m.study] for score in bedside.scores] == [[("stale:study",)], []]


async def test_what_waits_for_its_patient_is_not_forgotten_without_a_dead_letter(bedside: Bedside) -> None:
    nameless, share = alias("urn:mrn", "7", "hospital"), bedside.work.shares[0]
    share.advance(START)
    share.apply(film("x", nameless, START, V1, 0.6))
    share.park(nameless)
    share.advance(START + 15 * DAY)
    assert aged(share, 10) == []
    share.unpark(nameless)
    assert aged(share, 10) == [nameless]
