"""Versions switched while the bedside worker runs: nobody is lost, all are judged again, candidates stay unseen."""

from __future__ import annotations

from random import Random

import pytest

from streams import topics
from streams.errors import ContractError
from streams.fusion.rule import DEFAULT
from tests.unit.workers.bedsides import OBS, SPEC
from tests.unit.workers.fakes import START, through, vitals
from tests.unit.workers.sites import SHIPPED, Site


async def test_what_nobody_changed_is_judged_as_it_was_shipped_and_needs_no_word(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    await site.passes()
    assert site.scored() == [("p1", SHIPPED, 0.1)]
    assert site.applied() == []
    assert site.client.asked == [(SHIPPED, 1)]
    assert "cs_modes" not in bedside.heads[0]


async def test_a_promotion_judges_everybody_again_by_the_new_version_without_a_restart(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals("p1"), vitals("p2"))
    site.says(v4="live")
    await site.passes()
    assert site.scored()[:2] == [("p1", SHIPPED, 0.1), ("p2", SHIPPED, 0.1)]
    assert sorted(site.scored()[2:]) == [("p1", "4", 0.9), ("p2", "4", 0.9)]
    assert bedside.work.shares[0].owed == set()
    assert [head.get("cs_modes") for head in bedside.heads] == [None, None, b"0", b"0"]


async def test_a_promoted_version_makes_another_version_of_the_score(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    site.says(v4="live")
    await site.passes()
    first, second = bedside.scores
    assert first.resource_id == second.resource_id
    assert first.version_id != second.version_id


async def test_every_partition_gives_word_once_it_is_switched_and_from_which_offset(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals("p1"), vitals("p2"))
    site.says(v4="live")
    await site.passes()
    [word] = site.applied()
    assert (word.partition, word.epoch, word.offset) == (0, bedside.work.shares[0].epoch, 0)
    assert word.positions[OBS] == 2
    assert word.modes == f"deterioration_gru/4 {DEFAULT.version}"


async def test_what_comes_after_the_switch_is_judged_by_the_new_version_alone(site: Site) -> None:
    bedside = await site.started()
    site.says(v4="live")
    await site.passes()
    await bedside.take(vitals())
    assert site.scored() == [("p1", "4", 0.9)]
    assert bedside.host.committable(OBS) == 1


async def test_a_flush_that_the_switch_overtook_keeps_its_version_and_its_patient_stays_owed(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals("p1"))
    flush = bedside.work.begin([bedside.run_of(vitals("p1", at=START + 1000))])
    site.says(v4="live")
    assert await bedside.work.models.heed()
    await bedside.take(vitals("p2"))
    assert bedside.work.shares[0].owed == {"p1"}
    await bedside.work.judge(flush)
    await (await bedside.work.publish(flush))
    await bedside.work.settle(flush)
    assert site.scored()[-1] == ("p1", SHIPPED, 0.1)
    assert bedside.work.shares[0].owed == {"p1"}
    await site.passes()
    assert site.scored()[-1] == ("p1", "4", 0.9)


async def test_a_rollback_is_another_switch(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    site.says(v4="live")
    await site.passes()
    site.says(**{f"v{SHIPPED}": "live"})
    await site.passes()
    assert site.scored() == [("p1", SHIPPED, 0.1), ("p1", "4", 0.9), ("p1", SHIPPED, 0.1)]
    assert bedside.scores[0].version_id == bedside.scores[2].version_id
    assert [word.offset for word in site.applied()] == [0, 1]


async def test_while_the_new_version_is_away_the_score_by_the_old_one_stands_and_is_owed(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    site.client.away.add("4")
    site.says(v4="live")
    await site.passes()
    assert site.scored() == [("p1", SHIPPED, 0.1)]
    assert bedside.work.shares[0].owed == {"p1"}
    site.client.away.clear()
    await site.passes()
    assert site.scored() == [("p1", SHIPPED, 0.1), ("p1", "4", 0.9)]


async def test_a_model_that_is_silenced_leaves_news2_alone_which_is_not_degraded(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    site.says(**{f"v{SHIPPED}": "silent"})
    await site.passes()
    assert site.scored() == [("p1", SHIPPED, 0.1), ("p1", None, None)]
    assert not bedside.scores[-1].degraded
    assert bedside.scores[-1].level != "indeterminate"
    assert [(p.version, p.mode) for p in site.predictions()] == [(SHIPPED, "live"), (SHIPPED, "silent")]


async def test_silencing_does_not_wait_for_a_triton_that_is_away(site: Site) -> None:
    bedside = await site.started()
    site.client.away.add(SHIPPED)
    for n in range(10):
        await bedside.take(vitals(f"p{n}"))
    site.says(**{f"v{SHIPPED}": "silent"})
    await site.passes()
    assert bedside.work.shares[0].owed == set()
    assert not any(score.degraded for score in bedside.scores[-10:])


async def test_a_crash_after_the_switch_leaves_the_debts_to_the_successor(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals("p1"), vitals("p2"))
    site.says(v4="live")
    await bedside.work.models.heed()
    await bedside.take(vitals("p3"))
    assert bedside.work.shares[0].owed == {"p1", "p2"}
    second = await site.succeeded()
    assert second.work.shares[0].owed == {"p1", "p2"}
    await site.passes()
    assert sorted(site.scored()) == [("p1", "4", 0.9), ("p2", "4", 0.9)]


async def test_a_switch_while_nobody_ran_is_made_up_for_at_the_start(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    await bedside.work.stop()
    site.says(v4="live")
    second = await site.succeeded()
    await site.passes()
    assert site.scored() == [("p1", "4", 0.9)]
    assert second.work.shares[0].judged_by.text == f"deterioration_gru/4 {DEFAULT.version}"


async def test_a_successor_under_the_same_modes_judges_nobody_again_but_gives_word(site: Site) -> None:
    site.says(v4="live")
    bedside = await site.started()
    await bedside.take(vitals())
    await site.succeeded()
    await site.passes()
    assert site.scored() == []
    assert [(word.epoch, word.offset) for word in site.applied()] == [(2, 0)]


async def test_a_version_that_is_not_here_is_not_switched_to_and_nobody_says_it_was(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    site.says(v7="live")
    await site.passes()
    await bedside.take(vitals(at=START + 1000))
    assert site.scored() == [("p1", SHIPPED, 0.1), ("p1", SHIPPED, 0.1)]
    assert site.applied() == []
    site.says(v4="live")
    await site.passes()
    assert site.scored()[-1] == ("p1", "4", 0.9)


async def test_a_worker_that_has_never_had_the_live_version_does_not_start(site: Site) -> None:
    site.says(v7="live")
    with pytest.raises(ContractError, match="version 7"):
        await site.started()


async def test_what_is_no_record_of_modes_stops_the_worker_without_quoting_it(site: Site) -> None:
    site.broker.append(topics.MODELS, 0, b"x", b"MARKED-7f3a")
    with pytest.raises(ContractError) as error:
        await site.started()
    assert "MARKED" not in str(error.value)


async def test_a_switch_of_an_older_assignment_writes_nothing(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    old = bedside.run_of(vitals("p2"))
    site.says(v4="live")
    await bedside.work.models.heed()
    bedside.host.offsets.assigned()
    await through(bedside.work, old)
    assert site.applied() == []
    assert bedside.work.shares[0].owed == set()


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_happens_everybody_ends_judged_by_what_is_live(site: Site, seed: int) -> None:
    """Facts, switches, outages and restarts, in any order."""
    random = Random(seed)
    await site.started()
    live: str | None = SHIPPED
    newest: dict[str, int] = {}
    standing: dict[str, tuple[str, str | None, float | None]] = {}

    def remember() -> None:
        standing.update({one[0]: one for one in site.scored()})

    for step in range(30):
        what = random.choice(("facts", "facts", "switch", "passes", "heed", "restart", "away", "back"))
        if what == "facts":
            patient = f"p{random.randrange(5)}"
            newest[patient] = START + 1000 * step
            await site.bedside.take(vitals(patient, at=newest[patient]))
        elif what == "switch":
            live = random.choice((SHIPPED, "4", None))
            site.says(**({f"v{live}": "live", "v5": "shadow"} if live else {f"v{SHIPPED}": "silent"}))
        elif what == "passes":
            await site.passes(1)
        elif what == "heed":
            await site.bedside.work.models.heed()
        elif what == "restart":
            remember()
            await site.succeeded()
        else:
            site.client.away = {random.choice((SHIPPED, "4"))} if what == "away" else set()
    site.client.away.clear()
    await site.bedside.work.models.heed()
    site.bedside.work.scorer.forget(SPEC.name)
    await site.passes(6)
    remember()

    assert site.bedside.work.shares[0].owed == set()
    answer = {SHIPPED: 0.1, "4": 0.9}.get(live or "")
    assert standing == {patient: (patient, live, answer) for patient in newest}
