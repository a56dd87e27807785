"""The capacity plan, recomputed: ``python -m bench.capacity [--measured FILE] [--write docs/capacity.md]``.

Prints the tables of ``docs/capacity.md``; ``--write`` puts them there, between the marks.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from math import isinf
from pathlib import Path

from bench import measured
from bench.measured import Measured
from bench.sizing import FEEDS, SITES, Plan, ceilings, plan

BEGIN, END = "<!-- begin: python -m bench.capacity -->\n", "<!-- end -->\n"


def page(found: Measured) -> str:
    """Return the computed part of the page."""
    plans = [plan(beds, feed, found.figures) for beds, feed in product(SITES, FEEDS)]
    parts = [
        _source(found), _costs(found), _ceilings(found), _breaks(found), _machines(plans), _services(plans),
        _failovers(plans),
    ]  # fmt: skip
    return "\n".join(parts)


def _source(found: Measured) -> str:
    return f"Measured {found.date} on {found.machine}. {found.note}\n"


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: bool = False) -> str:
    """Return a Markdown table, the first column to the left, the others to the right unless they hold words."""
    rule = ["---", *["---" if words else "---:"] * (len(heads) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (heads, rule, *rows)]
    return "\n".join([f"**{title}**", "", *lines, ""])


def number(value: float) -> str:
    """Return a figure as people read it: whole above ten, two digits below."""
    if isinf(value):
        return "never"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return "never" if isinf(seconds) else f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"


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
        "beds", "feed", "cache workers", "Triton instances", "broker cores", "MB/s written", "TiB a week",
        "Redis GiB",
    ]  # fmt: skip
    rows = [
        [
            number(one.beds), one.feed.name, number(one.caches), number(one.triton), number(one.broker_cores),
            number(one.broker_mb_s), number(one.broker_tib), number(one.redis_gib),
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
