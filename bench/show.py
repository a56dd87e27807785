"""A session's report as a table, as JSON and as PNGs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from bench.numbers import Quantiles, spread, total
from bench.parts import Latency, asdict
from bench.session import SHARES, Report, Round

SERVICES = ("broker", "redis", "triton")
Value = Callable[[Round], float | None]


def own_cpu(one: Round) -> float | None:
    """Return what a contestant's own processes cost, in CPU microseconds per observation."""
    cost = one.throughput.cpu_us if one.throughput else None
    return None if cost is None else total(cost, cost.keys() - set(SERVICES))


def _service(name: str) -> Value:
    return lambda one: one.throughput.cpu_us.get(name) if one.throughput else None


def _waits(found: Latency | None, where: str) -> Quantiles | None:
    waits: Quantiles | None = getattr(found, where) if found is not None else None
    return waits


def rows(report: Report) -> dict[str, list[str]]:
    """Return the cells of each contestant's row, in the order of `columns`."""
    return {name: _cells(rounds) for name, rounds in sorted(report.rounds.items(), key=_by_speed)}


def _by_speed(item: tuple[str, list[Round]]) -> float:
    found = spread([r.throughput.per_s if r.throughput else None for r in item[1]])
    return -found[0] if found else 0.0


def columns(report: Report) -> list[str]:
    """Return the headings."""
    rate = f"{report.plan.rate:,.0f}/s"
    return [
        "obs/s (lowest-highest)", "results per obs", "own CPU µs/obs", *(f"{name} µs" for name in SERVICES), "own MiB",
        f"to Redis at {rate} p50/p95/p99/max ms", f"to the topic at {rate}",
        *(f"to Redis at {share:.0%}" for share in SHARES), "catch-up obs/s", "after s",
    ]  # fmt: skip


def _cells(rounds: Sequence[Round]) -> list[str]:
    memory: Value = lambda r: sum(r.throughput.memory_mib.values()) if r.throughput else None  # noqa: E731
    return [
        _ranged(rounds, lambda r: r.throughput.per_s if r.throughput else None),
        _middle(rounds, lambda r: r.throughput.share if r.throughput else None, 2),
        _middle(rounds, own_cpu),
        *(_middle(rounds, _service(name)) for name in SERVICES),
        _middle(rounds, memory),
        _quartet([_waits(r.latency, "to_redis") for r in rounds]),
        _quartet([_waits(r.latency, "to_topic") for r in rounds]),
        *(_quartet([_waits(r.shares.get(f"{share:.0%}"), "to_redis") for r in rounds]) for share in SHARES),
        _middle(rounds, lambda r: r.outage.per_s if r.outage else None),
        _middle(rounds, lambda r: r.outage.seconds if r.outage else None, 1),
    ]


def _middle(rounds: Sequence[Round], value: Value, digits: int = 0) -> str:
    found = spread([value(one) for one in rounds])
    return f"{found[0]:,.{digits}f}" if found else "–"


def _ranged(rounds: Sequence[Round], value: Value) -> str:
    found = spread([value(one) for one in rounds])
    if found is None:
        return "–"
    return f"{found[0]:,.0f}" + (f" ({found[1]:,.0f}-{found[2]:,.0f})" if len(rounds) > 1 else "")


def _quartet(found: Sequence[Quantiles | None]) -> str:
    """Return the medians of each quantile over the rounds."""
    known = [waits for waits in found if waits is not None]
    middles = [spread([waits[k] for waits in known]) for k in range(4)]
    return "/".join(f"{m[0]:,.0f}" if m[0] >= 100 else f"{m[0]:.1f}" for m in middles if m) or "–"


def title(report: Report) -> str:
    """Say what was measured, and on what."""
    plan = report.plan
    return (
        f"{plan.patients * plan.each:,} observations of {plan.patients:,} patients at once, {plan.broker}, medians of "
        f"{plan.runs}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )


def table(report: Report) -> Table:
    """Return the table: a column per contestant, a row per figure that was measured."""
    made = Table(title=title(report), caption=caption(report), caption_justify="left")
    made.add_column("")
    found = rows(report)
    for name in found:
        made.add_column(name, justify="right", overflow="fold")
    for heading, *cells in zip(columns(report), *found.values(), strict=True):
        if any(cell != "–" for cell in cells):
            made.add_row(heading, *cells)
    return made


def growth_table(curve: str, found: Sequence[dict[str, float]]) -> Table:
    """Return a growth curve as a table."""
    made = Table(title=f"CardioStream as it grows with {curve}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in found[0]:
        made.add_column(name, justify="right")
    for one in found:
        made.add_row(*(f"{value:,.0f}" for value in one.values()))
    return made


def caption(report: Report) -> str:
    """Return the notes, and what the peers leave out."""
    notes = "".join(f"\nnot in the table, or not whole: {note}" for note in report.notes)
    return f"Peers neither validate nor correct nor recover; results per observation tells who coalesces.{notes}"


def save(report: Report, folder: Path) -> None:
    """Write ``bench.json``, ``bench.txt`` and the PNGs."""
    from rich.console import Console

    folder.mkdir(parents=True, exist_ok=True)
    content = {"title": title(report), "notes": report.notes, "rounds": asdict(report.rounds)}
    (folder / "bench.json").write_text(json.dumps(content, indent=1))
    with (folder / "bench.txt").open("w") as file:
        Console(file=file, width=260).print(table(report))
    from bench.plots import session_plots

    session_plots(report, folder)
