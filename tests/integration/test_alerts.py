"""Alerts on the running stack: what stands after kills is what the same feed gives; people are heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.records import Alert
from streams.verify.alerts import alerts_of
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
"""Its look-back is longer than the feed, so that nothing is settled and everything is assessed again by the count."""


def standing(ward: Ward) -> list[Alert]:
    return [one for one in asyncio.run(alerts_of(ward.stack.settings)) if one.is_open]


def test_after_three_kills_the_alerts_that_stand_are_those_of_the_feed_and_people_are_heard(tmp_path: Path) -> None:
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
        report = ward.eventually()
        assert report.findings == ()
        assert report.alerts == len(standing(ward)) > 0

        [first, *_] = standing(ward)
        ward.run("alerts", "ack", first.patient_id, first.alert_id, "--by", "nurse-1")
        heard = eventually(lambda: {one.alert_id: one for one in standing(ward)}[first.alert_id], "acknowledged")
        assert (heard.state, heard.by) == ("acknowledged", "nurse-1")
        assert ward.eventually().findings == ()


def eventually(found: Callable[[], Alert], state: str) -> Alert:
    """Look until an alert is in a state, or half a minute is over."""
    end = time.monotonic() + 30
    alert = found()
    while alert.state != state and time.monotonic() < end:
        time.sleep(0.5)
        alert = found()
    return alert
