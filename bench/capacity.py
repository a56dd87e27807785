"""The capacity plan, recomputed: ``python -m bench.capacity [--measured FILE] [--write docs/capacity.md]``.

Prints the tables of ``docs/capacity.md``; ``--write`` puts them there, between the marks.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from bench import measured
from bench.markdown import duration, number, table
from bench.measured import Measured
from bench.sizing import FEEDS, SITES, Plan, ceilings, plan

BEGIN, END = "<!-- begin: python -m bench.capacity -->\n", "<!-- end -->\n"


def page(found: Measured) -> str:
    """Return the computed part of the page."""
    plans = [plan(beds, feed, found.figures) for beds, feed in product(SITES, FEEDS)]
    parts = [
        _source(found), _costs(found), _ceilings(found), _breaks(found), _machines(plans), _services(plans),
        _failovers(plans), *(_curve(name, rows) for name, rows in found.curves.items()),
    ]  # fmt: skip
    return "\n".join(parts)


def _source(found: Measured) -> str:
    return f"Measured {found.date} on {found.machine}. {found.note}\n"


def _costs(found: Measured) -> str:
    figures = found.figures
    rows = [
        [f"CPU µs for a set of 8 values, {kind}: {name}", number(us)]
        for kind, cost in figures.set_us.items()
        for name, us in cost.items()
    ]
    rows += [
        [f"bytes in the broker's log for a set, {kind}, one copy", number(n)]
        for kind, n in figures.set_log_bytes.items()
    ]
    rows += [[f"p99 ms at the highest rate measured, {kind}", number(ms)] for kind, ms in figures.p99_ms.items()]
    rows += [
        ["results per set", number(figures.results_per_set)],
        ["observations a second of one worker, all at once", number(figures.burst_per_s)],
        ["catch-up, share of that", number(figures.catch_up_share)],
        ["bedside worker, MiB before any facts", number(figures.worker_mib)],
        ["cache worker, MiB", number(figures.cache_mib)],
        ["broker, MiB with a heap of 512", number(figures.broker_mib)],
        ["Triton, MiB", number(figures.triton_mib)],
        ["bytes of memory for a fact", number(figures.fact_bytes)],
        ["facts read back a second", number(figures.restore_per_s)],
        ["seconds to start with nothing to read back", number(figures.start_s)],
        ["bytes in Redis for a patient, without trend", number(figures.redis_patient_bytes)],
        ["bytes in Redis for a full trend", number(figures.redis_trend_bytes)],
    ]
    return table("Measured, one of each", ["", "figure"], rows)


def _ceilings(found: Measured) -> str:
    by_feed = {feed.name: {one.of: one.beds for one in ceilings(feed, found.figures)} for feed in FEEDS}
    names = sorted(next(iter(by_feed.values())), key=lambda name: by_feed[FEEDS[0].name][name])
    rows = [[name, *(number(by_feed[feed.name][name]) for feed in FEEDS)] for name in names]
    return table("Beds that one of each carries, load spread evenly", ["", *(feed.name for feed in FEEDS)], rows)


def _breaks(found: Measured) -> str:
    rows = []
    for beds, feed in product(SITES, FEEDS):
        over = [one for one in ceilings(feed, found.figures) if one.beds < beds]
        told = [f"{one.of} ({number(beds / one.beds)} times over)" for one in over[:3]]
        remedy = over[0].remedy if over else "one of each is enough, a spare worker beside it"
        rows.append([number(beds), feed.name, "; ".join(told) or "nothing", remedy])
    heads = ["beds", "feed", "first, then", "what to do about the first"]
    return table("What breaks first with one of each", heads, rows, words=True)


def _machines(plans: Sequence[Plan]) -> str:
    heads = [
        "beds",
        "feed",
        "sets/s",
        "skew",
        "cells",
        "bedside workers",
        "sized by",
        "partitions of a cell",
        "state GiB",
    ]
    rows = [
        [
            number(one.beds), one.feed.name, number(one.beds * one.feed.per_bed), f"{one.skew:.2f}", number(one.cells),
            one.cells_by or "–", number(one.workers), one.sized_by, number(one.partitions), number(one.state_gib),
        ]
        for one in plans
    ]  # fmt: skip
    return table("Bedside workers and partitions", heads, rows)


def _services(plans: Sequence[Plan]) -> str:
    heads = [
        "beds", "feed", "cache workers", "Triton instances", "broker cores", "MB/s written", "page cache GiB",
        "TiB a week", "Redis GiB",
    ]  # fmt: skip
    rows = [
        [
            number(one.beds), one.feed.name, number(one.caches), number(one.triton), number(one.broker_cores),
            number(one.broker_mb_s), number(one.broker_gib), number(one.broker_tib), number(one.redis_gib),
        ]
        for one in plans
    ]  # fmt: skip
    return table("Everything else, all cells together", heads, rows)


def _failovers(plans: Sequence[Plan]) -> str:
    heads = ["beds", "feed", "nobody serves for", "longest wait of a set", "most sets waiting", "caught up after"]
    rows = [
        [
            number(one.beds), one.feed.name, duration(one.failover.stalled_s), duration(one.failover.worst_stale_s),
            number(one.failover.backlog), duration(one.failover.caught_up_s),
        ]
        for one in plans
    ]  # fmt: skip
    return table("The busiest worker of a cell dies at the busiest time (simulated)", heads, rows)


def _curve(name: str, points: Sequence[Mapping[str, float]]) -> str:
    heads = [name, *(number(one[name]) + (", dense" if one.get("dense") else "") for one in points)]
    shown = [
        figure for figure in dict.fromkeys(figure for one in points for figure in one) if figure not in {name, "dense"}
    ]
    rows = [[figure, *(number(one[figure]) if figure in one else "" for one in points)] for figure in shown]
    return table(f"Growth with {name}", heads, rows)


def written(text: str, computed: str) -> str:
    """Return a page with what stands between the marks replaced."""
    head, _, rest = text.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise ValueError(
            f"expected the marks {BEGIN.strip()} and {END.strip()}, found them not; put them where the tables go"
        )
    return f"{head}{BEGIN}{computed}{END}{tail}"


def main() -> None:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measured", type=Path, default=measured.PATH, help="file of figures")
    parser.add_argument("--write", type=Path, help="page that holds the tables between two marks")
    options = parser.parse_args()
    computed = page(measured.read(options.measured))
    if options.write is None:
        print(computed)
    else:
        options.write.write_text(written(options.write.read_text("utf-8"), computed), "utf-8")


if __name__ == "__main__":
    main()
