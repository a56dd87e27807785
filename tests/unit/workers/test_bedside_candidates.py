"""Candidates beside the live version: asked about the same facts, seen by nobody, and no burden to anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import topics
from streams.timeline.pieces import DEBT
from streams.workers import late_words, ownership, serving
from tests.second_version import write_second
from tests.unit.workers.bedsides import OBS, SPEC
from tests.unit.workers.fakes import Broker, vitals
from tests.unit.workers.sites import SHIPPED, Site


async def test_a_candidate_is_asked_about_the_same_facts_and_nothing_of_it_enters_a_score(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals("p0"))
    site.says(**{f"v{SHIPPED}": "live", "v4": "shadow"})
    await site.passes()
    await bedside.take(vitals("p1"), vitals("p2"))
    await site.passes(1)
    assert site.scored() == [("p0", SHIPPED, 0.1), ("p1", SHIPPED, 0.1), ("p2", SHIPPED, 0.1)]
    assert site.client.asked == [(SHIPPED, 1), (SHIPPED, 2), ("4", 2)]
    beside = [(p.patient_id, p.version, p.mode, p.level) for p in site.predictions() if p.mode != "live"]
    assert beside == [("p1", "4", "shadow", "high"), ("p2", "4", "shadow", "high")]


async def test_a_candidates_prediction_names_the_same_facts_as_the_live_one(site: Site) -> None:
    site.says(**{f"v{SHIPPED}": "live", "v4": "shadow"})
    bedside = await site.started()
    await bedside.take(vitals())
    await site.passes(1)
    heads = [dict(out.headers) for out in bedside.host.producer.on(topics.PREDICTIONS)]
    assert [head["cs_mode"] for head in heads] == [b"live", b"live", b"shadow"]
    assert len({head["cs_facts"] for head in heads}) == 1


async def test_starting_a_candidate_judges_nobody_again(site: Site) -> None:
    bedside = await site.started()
    await bedside.take(vitals())
    site.says(**{f"v{SHIPPED}": "live", "v4": "shadow"})
    await site.passes()
    assert site.scored() == [("p1", SHIPPED, 0.1)]
    assert bedside.pieces(DEBT) == []
    assert [word.offset for word in site.applied()] == [0]


async def test_a_candidate_that_is_away_costs_a_count_and_nothing_else(site: Site) -> None:
    site.says(**{f"v{SHIPPED}": "live", "v4": "shadow"})
    site.client.away.add("4")
    bedside = await site.started()
    await bedside.take(vitals())
    await site.passes(1)
    assert site.scored() == [("p1", SHIPPED, 0.1)]
    assert [p.mode for p in site.predictions()] == ["live"]
    assert bedside.work.shares[0].owed == set()


async def test_a_candidate_that_never_answers_delays_nobody_and_what_waits_for_it_is_bounded(site: Site) -> None:
    site.says(**{f"v{SHIPPED}": "live", "v4": "shadow"})
    site.client.hangs.add("4")
    bedside = await site.started()
    for k in range(5):
        await bedside.take(*(vitals(f"p{k}-{n}") for n in range(500)))
    assert len(bedside.scores) == 2500
    assert bedside.host.committable(OBS) == 2500
    assert bedside.work.beside._count == 2000


async def test_a_candidate_that_is_not_here_stops_nobody(site: Site) -> None:
    site.says(**{f"v{SHIPPED}": "live", "v7": "shadow"})
    bedside = await site.started()
    await bedside.take(vitals())
    assert site.scored() == [("p1", SHIPPED, 0.1)]


async def test_a_candidate_that_reads_otherwise_is_judged_by_its_own_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = write_second(tmp_path)
    manifest = repository / SPEC.name / "4/model.toml"
    manifest.write_text(manifest.read_text().replace(f"min_facts = {SPEC.sufficiency.min_facts}", "min_facts = 5000"))
    broker = Broker()
    for module, name in ((ownership, "reading"), (late_words, "reader"), (serving, "reader")):
        monkeypatch.setattr(module, name, getattr(broker, name))
    site = Site(repository, broker)
    site.says(**{f"v{SHIPPED}": "live", "v4": "shadow"})
    bedside = await site.started()
    await bedside.take(vitals())
    await site.passes(1)
    assert site.client.asked == [(SHIPPED, 1)]
    live, shadow = site.predictions()
    assert (live.status, live.mode) == ("ok", "live")
    assert (shadow.status, shadow.mode, shadow.reasons) == ("indeterminate", "shadow", ("too-few",))
    await bedside.work.stop()
