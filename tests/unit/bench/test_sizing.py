"""Sizing from literal figures; the page holds what the program says."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import msgspec
import pytest

from bench import capacity, measured
from bench.markdown import duration
from bench.measured import Figures, Measured
from bench.sizing import FEEDS, MOST_PARTITIONS, MOST_WORKERS, Feed, ceilings, needs, plan

COST = {"bedside": 600.0, "cache": 300.0, "broker": 200.0, "redis": 60.0, "triton": 100.0}
FIGURES = Figures(
    set_us={"minute": COST, "dense": COST}, results_per_set=1.0, p99_ms={"minute": 20.0, "dense": 20.0},
    set_log_bytes={"minute": 10_000.0, "dense": 100_000.0}, burst_per_s=10_000.0, catch_up_share=0.9, worker_mib=96.0,
    cache_mib=90.0, fact_bytes=40.0, start_s=3.0, restore_per_s=200_000.0, broker_mib=400.0, triton_mib=200.0,
    redis_patient_bytes=6_000.0,
    redis_trend_bytes=30_000.0,
)  # fmt: skip
MINUTE = Feed("minute", 1 / 60, "minute")
PAGE = Path(__file__).parents[3] / "docs" / "capacity.md"


def test_workers_by_cpu_memory_and_restoring() -> None:
    # 100,000 beds: 1,667 sets/s of 600 us are 1.0 cores, at 60 % 1.67; 3.456e9 facts are 128.7 GiB by 2,976 MiB each.
    assert needs(100_000, MINUTE, FIGURES, 1.0) == {"cpu": 2, "memory": 45, "restore": 144}
    assert needs(100_000, MINUTE, FIGURES, 1.3)["cpu"] == 3


def test_what_is_full_first_stands_first() -> None:
    found = {one.of: one.beds for one in ceilings(MINUTE, FIGURES)}
    assert found["a bedside worker's core"] == pytest.approx(60_000)
    assert found["Redis' one thread"] == pytest.approx(600_000)
    assert [one.beds for one in ceilings(MINUTE, FIGURES)] == sorted(found.values())


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)
@pytest.mark.parametrize("beds", [1000, 20_000])
def test_a_plan_holds_its_own_limits(beds: int, feed: Feed) -> None:
    made = plan(beds, feed, FIGURES)
    assert made.workers >= 2 * made.cells
    assert made.workers <= made.cells * MOST_WORKERS
    assert made.partitions <= MOST_PARTITIONS
    assert made.partitions * made.cells >= made.workers
    assert made.workers > max(needs(beds, feed, FIGURES, made.skew).values())
    assert isfinite(made.failover.caught_up_s)


def test_a_busy_redis_splits_a_site_where_its_workers_would_not() -> None:
    # 200,000 beds at 1/60 set a second of 60 us are 0.2 cores of Redis; ten times that is more than one thread.
    light = msgspec.structs.replace(FIGURES, fact_bytes=1.0, restore_per_s=1e7)
    assert plan(200_000, MINUTE, light).cells == 1
    heavy = Feed("heavy", 1 / 6, "minute")
    split = plan(200_000, heavy, light)
    assert split.cells > 1
    assert split.cells_by == "redis"


def test_more_beds_never_need_less() -> None:
    found = [plan(beds, MINUTE, FIGURES) for beds in (500, 5000, 50_000)]
    for name in ("workers", "caches", "triton", "broker_cores", "redis_gib", "state_gib"):
        values = [getattr(one, name) for one in found]
        assert values == sorted(values), name


def curves_of(mib: float) -> dict[str, list[dict[str, float]]]:
    cost = {f"{name} µs/set": us for name, us in COST.items()}
    load = {"dense": 0.0, "results per set": 1.0, "p99 ms": 20.0, "log bytes/set": 9.0, **cost}
    held = {"cache MiB": 80.0, "obs/s": 8000.0, "catch-up share": 0.95}
    return {
        "beds": [
            load
            | {"beds": 50.0, "Redis bytes per patient": 7.0, "Redis bytes per trend": 8.0, "bedside µs/set": 900.0},
            load | {"beds": 200.0},
            load | {"beds": 50.0, "dense": 1.0, "bedside µs/set": 2000.0},
        ],
        "patients": [held],
        "history": [
            held | {"facts held": 2.0**18, "bedside MiB": 100.0, "restart s": 3.0},
            held | {"facts held": 2.0**18 + 2**20, "bedside MiB": mib, "restart s": 7.0},
        ],
    }


def test_figures_are_lines_through_curves() -> None:
    found = measured.figures_of(curves_of(140.0))
    assert found.set_us["minute"]["bedside"] == 600.0
    # 1,100 more than the same 50 beds cost without, on top of what a set costs at the highest rate.
    assert found.set_us["dense"]["bedside"] == 1700.0
    assert found.set_us["dense"]["broker"] == 200.0
    assert found.fact_bytes == 40.0
    assert found.restore_per_s == pytest.approx(2**20 / 4)
    assert (found.worker_mib, found.start_s) == (90.0, 2.0)


def test_figures_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="expected memory to grow with history"):
        measured.figures_of(curves_of(99.0))
    with pytest.raises(ValueError, match="at least two points of history"):
        measured.figures_of(curves_of(140.0) | {"history": curves_of(140.0)["history"][:1]})


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = Measured("2026-11-27", "2 cores", "provisional", FIGURES, {"beds": [{"beds": 50.0}]})
    measured.write(written, tmp_path / "m.json")
    assert measured.read(tmp_path / "m.json") == written


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the marks"):
        capacity.written("# Capacity\n", "x")


def test_tables_go_between_the_marks() -> None:
    page = f"before\n{capacity.BEGIN}old\n{capacity.END}after\n"
    assert capacity.written(page, "new\n") == f"before\n{capacity.BEGIN}new\n{capacity.END}after\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.0, "3 s"), (119.0, "119 s"), (150.0, "2.5 min"), (90_000.0, "25 h"), (float("inf"), "never")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_page_holds_what_the_program_says() -> None:
    text = PAGE.read_text("utf-8")
    assert text == capacity.written(text, capacity.page(measured.read(measured.PATH))), (
        "docs/capacity.md is not what `python -m bench.capacity` says; run it with --write docs/capacity.md"
    )
