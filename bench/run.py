"""CardioStream and its peers side by side: ``python -m bench.run [--runs 3] [--parts all] [--out FOLDER]``.

Everyone reads the same FHIR observations from the same broker, asks the same Triton for the same model, publishes to a
topic and keeps the newest result per patient in Redis. Throughput: all observations are produced at once to a running
contestant; from the first produced to the last result's timestamp. Latency: a paced feed; from produce until Redis, or
a consumer of the topic, has a result that knows the observation. ``--parts`` takes throughput, latency (at --rate),
shares (at 25, 50 and 75 % of the contestant's own throughput), outage (a backlog met after a start) and first (time to
first score after ``cardiostream up``). ``--growth`` measures how CardioStream grows instead, ``--growth all`` in about
12 minutes; with ``--measured bench/measured.json`` the capacity plan's figures are written anew.
"""

from __future__ import annotations

import argparse
import datetime
import logging
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import psutil
from redis.exceptions import RedisError
from rich.console import Console

from bench import curves, first_score, growth, measured, session, show
from bench.ground import TooSlow
from bench.session import Plan
from streams.embedded.apache_kafka import why_not
from streams.settings import Settings

PARTS = ("throughput", "latency", "shares", "outage", "first")
DEFAULT = ("throughput", "latency", "first")


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=("auto", "kafka", "tansu"), default="auto", help="kafka needs KAFKA_HOME")
    parser.add_argument("--triton", default="", help="host:port of a Triton that runs elsewhere, on a GPU for example")
    parser.add_argument("--runs", type=int, default=1, help="rounds; the table shows medians (3 for a report)")
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--each", type=int, default=120, help="observations per patient, all at once")
    parser.add_argument("--rate", type=float, default=1000.0, help="observations per second of the latency part")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each paced part")
    parser.add_argument("--parts", type=_parts, default=DEFAULT, help=f"some of {','.join(PARTS)}, or all")
    parser.add_argument("--only", type=_list, default=(), help="beginnings of contestants' names")
    parser.add_argument("--profile", action="store_true", help="profile CardioStream's workers, as text in --out")
    parser.add_argument("--out", type=Path, help="folder for the table, JSON, PNGs and profiles, e.g. bench/results")
    parser.add_argument("--growth", choices=(*growth.POINTS, "all"), help="measure how CardioStream grows with this")
    parser.add_argument("--sizes", type=_numbers, help="points of the one curve, e.g. 500,50000")
    parser.add_argument("--measured", type=Path, help="with --growth all: file for the figures of the capacity plan")
    parser.add_argument("--note", default="", help="what the file says beside them")
    return parser.parse_args(arguments)


def _list(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(name) for name in _list(text))


def _parts(text: str) -> tuple[str, ...]:
    names = PARTS if text == "all" else _list(text)
    if unknown := set(names) - set(PARTS):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(PARTS)}, received {', '.join(sorted(unknown))}")
    return names


def main() -> None:
    """Measure and print."""
    options, console = options_of(), Console(width=None if sys.stdout.isatty() else 140)
    if options.broker == "auto":
        options.broker = "tansu" if why_not(Settings().kafka_home) else "kafka"
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a group's first coordinator is long in coming
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that runs is stopped
    if options.growth:
        _grow(options, console)
    else:
        _compare(options, console)


def _compare(options: argparse.Namespace, console: Console) -> None:
    out = options.out
    profile = (out or Path("bench/results")) if options.profile else None
    plan = Plan(
        options.broker, options.runs, options.patients, options.each, options.rate, options.seconds, options.parts,
        options.only, profile, options.triton,
    )  # fmt: skip
    began = time.monotonic()
    report = session.run(
        plan, lambda text: console.print(f"{time.monotonic() - began:5.0f} s  {text}", highlight=False)
    )
    if "first" in plan.parts:
        report.notes.append(_first(options.broker))
    show.show(report, console)
    if out is not None:
        show.save(report, out)


def _first(broker: str) -> str:
    try:
        return f"first score {first_score.measure(broker):.1f} s after `cardiostream up`"
    except (TooSlow, OSError, RedisError) as error:
        return f"first score: {type(error).__name__}: {error}; see up.log in the newest /tmp/cardiostream-bench-*"


def _grow(options: argparse.Namespace, console: Console) -> None:
    found: dict[str, list[growth.Row]] = {}
    began = time.monotonic()
    where = growth.Where(options.broker, options.triton)
    for curve in growth.POINTS if options.growth == "all" else (options.growth,):
        console.print(f"{time.monotonic() - began:5.0f} s  {curve}", highlight=False)
        known = growth.known(curve, found)
        numbers = options.sizes if options.sizes and options.growth != "all" else growth.POINTS[curve]
        wanted = [number for number in numbers if number not in {one[curve] for one in known}]
        found[curve] = [*known, *growth.run(curve, where, wanted, partial(console.print, highlight=False))]
        if not found[curve]:
            continue
        console.print(curves.table(curve, found[curve]))
        if options.out is not None:
            curves.save(curve, found[curve], options.out)
    console.print(f"{time.monotonic() - began:5.0f} s  done", highlight=False)
    if options.growth == "all" and options.measured is not None:
        try:
            measured.write(_figures(options.note, found), options.measured)
        except (ValueError, LookupError, StopIteration) as error:
            console.print(f"{options.measured} stays as it is: {error}", highlight=False)


def _figures(note: str, found: dict[str, list[growth.Row]]) -> measured.Measured:
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} shared virtual cores, {memory:.0f} GiB"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return measured.Measured(today, machine, note, measured.figures_of(found), found)


if __name__ == "__main__":
    main()
