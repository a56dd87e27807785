"""A session's report as a table, as JSON and as PNGs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.numbers import Quantiles, spread, total
from bench.parts import LEAD_S, Latency, asdict
from bench.session import SHARES, Report, Round

SERVICES = ("broker", "redis", "triton")
NOTHING = "–"
Value = Callable[[Round], float | None]
Cell = Callable[[Sequence[Round]], str]


def own_cpu(one: Round) -> float | None:
    """Return what a contestant's own processes cost, in CPU microseconds per observation."""
    cost = one.throughput.cpu_us if one.throughput else None
    return None if cost is None else total(cost, cost.keys() - set(SERVICES))


def _service(name: str) -> Value:
    return lambda one: one.throughput.cpu_us.get(name) if one.throughput else None


def _waits(found: Latency | None, where: str) -> Quantiles | None:
    waits: Quantiles | None = getattr(found, where) if found is not None else None
    return waits


def blocks(report: Report) -> dict[str, dict[str, Cell]]:
    """Return the tables: title to heading to what it shows of one contestant's rounds."""
    rate = f"{report.plan.rate:,.0f}/s"
    return {
        "Throughput and cost": {
            "obs/s": lambda rounds: _ranged(rounds, lambda r: r.throughput.per_s if r.throughput else None),
            "results per obs": lambda rounds: _middle(
                rounds, lambda r: r.throughput.share if r.throughput else None, 2
            ),
            "own CPU µs/obs": lambda rounds: _middle(rounds, own_cpu, 1),
            **{f"{name} µs": partial(_middle, value=_service(name), digits=1) for name in SERVICES},
            "own MiB": lambda rounds: _middle(rounds, _memory),
        },
        "Milliseconds from produce to visible, p50/p95/p99/highest": {
            f"in Redis at {rate}": lambda rounds: _quartet([_waits(r.latency, "to_redis") for r in rounds]),
            f"first {LEAD_S:.0f} s": lambda rounds: _quartet([_waits(r.latency, "lead") for r in rounds]),
            f"on the topic at {rate}": lambda rounds: _quartet([_waits(r.latency, "to_topic") for r in rounds]),
            **{f"in Redis at {share:.0%}": partial(_at_share, share=f"{share:.0%}") for share in SHARES},
        },
        "After an outage": {
            "catch-up obs/s": lambda rounds: _middle(rounds, lambda r: r.outage.per_s if r.outage else None),
            "after s": lambda rounds: _middle(rounds, lambda r: r.outage.seconds if r.outage else None, 1),
        },
    }


def _at_share(rounds: Sequence[Round], share: str) -> str:
    return _quartet([_waits(r.shares.get(share), "to_redis") for r in rounds])


def _memory(one: Round) -> float | None:
    return sum(one.throughput.memory_mib.values()) if one.throughput else None


def _by_speed(item: tuple[str, list[Round]]) -> float:
    found = spread([r.throughput.per_s if r.throughput else None for r in item[1]])
    return -found[0] if found else 0.0


def _middle(rounds: Sequence[Round], value: Value, digits: int = 0) -> str:
    found = spread([value(one) for one in rounds])
    return f"{found[0]:,.{digits}f}" if found else NOTHING


def _ranged(rounds: Sequence[Round], value: Value) -> str:
    found = spread([value(one) for one in rounds])
    if found is None:
        return NOTHING
    return f"{found[0]:,.0f}" + (f" ({found[1]:,.0f}-{found[2]:,.0f})" if len(rounds) > 1 else "")


def _quartet(found: Sequence[Quantiles | None]) -> str:
    """Return the medians of each quantile over the rounds."""
    known = [waits for waits in found if waits is not None]
    middles = [spread([waits[k] for waits in known]) for k in range(4)]
    return "/".join(f"{m[0]:,.0f}" if m[0] >= 100 else f"{m[0]:.1f}" for m in middles if m) or NOTHING


def title(report: Report) -> str:
    """Say what was measured, and on what."""
    plan = report.plan
    return (
        f"{plan.patients * plan.each:,} observations of {plan.patients:,} patients at once, {plan.broker}, medians of "
        f"{plan.runs}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )


def tables(report: Report) -> list[Table]:
    """Return a table for each kind of figure that was measured, the quickest contestant first."""
    ranked = dict(sorted(report.rounds.items(), key=_by_speed))
    made = [_table(heading, cells, ranked) for heading, cells in blocks(report).items()]
    return [one for one in made if len(one.columns) > 1]


def _table(heading: str, cells: Mapping[str, Cell], ranked: Mapping[str, list[Round]]) -> Table:
    made = Table(title=heading, title_justify="left")
    made.add_column("", no_wrap=True)
    found = {name: [cell(rounds) for rounds in ranked.values()] for name, cell in cells.items()}
    shown = {name: column for name, column in found.items() if any(cell != NOTHING for cell in column)}
    for name in shown:
        made.add_column(name, justify="right")
    for contestant, *row in zip(ranked, *shown.values(), strict=True):
        made.add_row(contestant, *row)
    return made


def show(report: Report, console: Console) -> None:
    """Print everything."""
    console.print(title(report), highlight=False)
    for one in tables(report):
        console.print(one)
    console.print(caption(report), highlight=False)


def caption(report: Report) -> str:
    """Return the notes, and what the peers leave out."""
    notes = "".join(f"\n{note}" for note in report.notes)
    return f"Peers neither validate nor correct nor recover; results per observation tells who coalesces.{notes}"


def save(report: Report, folder: Path) -> None:
    """Write ``bench.json``, ``bench.txt`` and the PNGs."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"title": title(report), "notes": report.notes, "rounds": asdict(report.rounds)}
    (folder / "bench.json").write_text(json.dumps(content, indent=1))
    with (folder / "bench.txt").open("w") as file:
        show(report, Console(file=file, width=180))
    from bench.plots import session_plots

    session_plots(report, folder)
