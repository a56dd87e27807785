"""The table of a session, with and without what could not be measured; the summary of a profile; the feed."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from bench import show
from bench.numbers import Quantiles
from bench.observations import observations
from bench.parts import Latency, Throughput, asdict
from bench.profiles import summary
from bench.session import Plan, Report, Round
from streams.clock import MINUTE

PLAN = Plan("kafka", 2, 500, 120, 1000.0, 8.0, ("throughput", "latency"), (), None)


def round_of(speed: float) -> Round:
    done = Throughput(speed, 60_000, 1.0, {"broker": 10.0, "redis": 1.0, "triton": 40.0, "peer": 21.0}, {"peer": 95.0})
    waits = Quantiles(5.5, 9.0, 13.0, 140.0)
    return Round(done, Latency(1000.0, waits, waits, 0), {}, None)


def printed(report: Report) -> str:
    file = io.StringIO()
    show.show(report, Console(file=file, width=200))
    return file.getvalue()


def test_the_table_shows_medians_with_their_spread_and_the_quickest_first() -> None:
    report = Report(PLAN, {"slow": [round_of(900.0)], "quick": [round_of(20_000.0), round_of(24_000.0)]}, [])
    text = printed(report)
    assert "22,000 (20,000-24,000)" in text
    assert "5.5/9.0/13.0/140" in text
    assert text.index("quick") < text.index("slow")


def test_own_cost_leaves_the_services_out() -> None:
    assert show.own_cpu(round_of(1.0)) == 21.0


def test_what_nobody_was_measured_at_has_no_row_and_what_was_not_measured_a_dash() -> None:
    report = Report(PLAN, {"one": [round_of(1000.0)], "other": [Round(None, None, {}, None)]}, ["Pathway: not there"])
    text = printed(report)
    assert "catch-up" not in text
    assert "–" in text
    assert "Pathway: not there" in text


def test_a_report_is_json() -> None:
    content = json.loads(json.dumps(asdict({"one": [round_of(1000.0)]})))
    assert content["one"][0]["throughput"]["cpu_us"]["broker"] == 10.0
    assert content["one"][0]["latency"]["to_redis"]["p99"] == 13.0


def test_a_profile_counts_each_function_itself_and_below() -> None:
    folded = ["main (a.py:1);score (b.py:2) 30", "main (a.py:9);score (b.py:3);dot (c.py:1) 70"]
    lines = summary(folded).splitlines()
    assert lines[0].startswith("100 samples")
    assert lines[2].split() == ["70.0", "70.0", "dot", "(c.py)"]
    assert lines[3].split() == ["30.0", "100.0", "score", "(b.py)"]


@pytest.mark.parametrize("first", [0, 6])
def test_observations_go_on_where_the_last_ended(first: int) -> None:
    outs = observations(["a", "b"], 2, 0, "t", 6, first=first)
    ids = [json.loads(out.value or b"")["id"] for out in outs]
    assert ids == [f"a-{first}", f"b-{first}", f"a-{first + 1}", f"b-{first + 1}"]
    assert json.loads(outs[0].value or b"")["effectiveDateTime"] == f"1970-01-01T00:{first * MINUTE // MINUTE:02d}:00Z"
