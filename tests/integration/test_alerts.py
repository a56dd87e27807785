"""Alerts on the running stack: what stands after kills is what the same feed gives offline; people are heard."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from streams.alerts.file import load
from streams.alerts.life import alert_id
from streams.alerts.watch import Watch
from streams.inference.manifest import load as load_manifest
from streams.records import Alert
from streams.trial.charts import charts
from streams.verify.alerts import alerts_of
from streams.verify.offline import OfflineScorer
from streams.workers.serving import MODEL
from tests.acceptance.conftest import Ward, opened

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(420)]
PATIENTS, HOURS = 24, 12.0
POLICY = """
name: trial
look_back: 1 d
rules:
  - name: medium-risk
    text: medium risk
    raise_at: {level: medium}
    clear_below: {level: medium}
    minimum_duration: 5 min
    clear_duration: 30 min
    cooldown: 30 min
    escalation: [{after: 1 h, to: nurse in charge}]
"""


def offline(feed: Path, policy: Path, tick: int, ward: Ward) -> dict[str, tuple[str, int]]:
    """State and time of the alerts that stand by one look at the whole feed."""
    settings = ward.stack.settings
    spec = load_manifest(settings.model_repository, MODEL)
    scorer = OfflineScorer(settings.model_repository, spec)
    found: dict[str, tuple[str, int]] = {}
    for chart in charts([feed], settings, spec, scorer):
        watch = Watch(load(policy))
        watch.assess(chart.rows, chart.rows[0].at, chart.place, (), max(tick, chart.rows[-1].at))
        found |= {alert_id(chart.patient_id, one.key): (one.state, one.changed_at) for one in watch.standing()}
    return found


def standing(ward: Ward) -> list[Alert]:
    return [one for one in asyncio.run(alerts_of(ward.stack.settings)) if one.is_open]


def tick_of(ward: Ward) -> int:
    from streams.verify.alerts import clock_of

    return asyncio.run(clock_of(ward.stack.settings, "sim-0001", 0))


def test_after_three_kills_the_alerts_that_stand_are_those_of_the_feed_offline(tmp_path: Path) -> None:
    policy = tmp_path / "alerts.yaml"
    policy.write_text(POLICY)
    with opened(tmp_path, "kafka", alert_policy=policy, inference_deadline_ms=10_000) as ward:
        feed = ward.recorded(PATIENTS, HOURS, seed=3)
        running = ward.command("replay", str(feed), "--speed", "2400x", "--keep-dates")
        worker = ward.stack.workers["bedside"]
        for _ in range(3):
            time.sleep(4.0)
            worker.kill()
            worker = ward.stack.start_worker("bedside")
            worker.wait_ready(60)
        assert running.wait(120) == 0
        ward.eventually()
        expected = offline(feed, policy, tick_of(ward), ward)
        assert expected
        found = {one.alert_id: (one.state, one.changed_at) for one in standing(ward)}
        assert found == expected

        [first, *_] = standing(ward)
        ward.run("alerts", "ack", first.patient_id, first.alert_id, "--by", "nurse-1")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            heard = {one.alert_id: one for one in standing(ward)}[first.alert_id]
            if heard.state == "acknowledged":
                break
            time.sleep(0.5)
        assert (heard.state, heard.by) == ("acknowledged", "nurse-1")
