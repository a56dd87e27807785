"""One session: every contestant in turn on the same broker, Redis and Triton, round after round."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import parts
from bench.contestants import MODES, PROGRAMS, CardioStream, Contestant, Peer, probe
from bench.feed import Feed
from bench.ground import open_stack
from bench.parts import CatchUp, Latency, Throughput
from bench.profiles import Profiles
from bench.warmth import warm_up
from streams.embedded.services import BrokerChoice
from streams.embedded.stack import Stack

SHARES = (0.25, 0.5, 0.75)
"""Of a contestant's own throughput, at which its latency is measured."""


class Plan(NamedTuple):
    """What a session measures."""

    broker: BrokerChoice
    runs: int
    patients: int
    each: int
    rate: float
    seconds: float
    """Of each paced part."""
    parts: tuple[str, ...]
    """``throughput``, ``latency`` (at `rate`), ``shares`` (at 25, 50 and 75 %), ``outage``."""
    only: tuple[str, ...]
    """Beginnings of contestants' names; all where empty."""
    profile: Path | None
    """Folder for profiles of CardioStream's workers."""
    triton: str = ""
    """``host:port`` of one that runs elsewhere; else the stack's own."""


class Round(NamedTuple):
    """What one contestant did in one round."""

    throughput: Throughput | None
    latency: Latency | None
    shares: dict[str, Latency]
    outage: CatchUp | None


class Report(NamedTuple):
    """What came of a session."""

    plan: Plan
    rounds: dict[str, list[Round]]
    notes: list[str]
    """How warm the broker was; who could not take part or finish, and why."""


Say = Callable[[str], None]


def run(plan: Plan, say: Say) -> Report:
    """Measure everyone."""
    report = Report(plan, {}, [f"{p.name}: {p.missing()}" for p in PROGRAMS if _wanted(p.name, plan) and p.missing()])
    for number in range(plan.runs):
        with open_stack(plan.broker, plan.triton) as stack:
            report.notes.append(f"round {number + 1}: {warm_up(stack)}")
            for contestant in _turns(contestants(stack, plan), number):
                say(f"round {number + 1} of {plan.runs}: {contestant.name}")
                _take_turn(stack, contestant, report, say)
    return report


def contestants(stack: Stack, plan: Plan) -> list[Contestant]:
    """Return all that are wanted and can run."""
    modes = [mode for mode in MODES if _wanted(mode.name, plan)]
    ours: list[Contestant] = [CardioStream(stack, mode, number) for number, mode in enumerate(modes)]
    able = [program for program in PROGRAMS if _wanted(program.name, plan) and not program.missing()]
    return [*ours, *(Peer(stack, program, number) for number, program in enumerate(able))]


def _wanted(name: str, plan: Plan) -> bool:
    return not plan.only or any(name.lower().startswith(one.lower()) for one in plan.only)


def _turns(everyone: Sequence[Contestant], number: int) -> list[Contestant]:
    """Begin with another one in each round, so that no one always has the fresh stack."""
    start = number * 3 % max(len(everyone), 1)
    return [*everyone[start:], *everyone[:start]]


def _take_turn(stack: Stack, contestant: Contestant, report: Report, say: Say) -> None:
    try:
        contestant.start()
        probe(stack, contestant, f"probe-{_slug(contestant.name)}")
        found = measure(stack, contestant, report)
        report.rounds.setdefault(contestant.name, []).append(found)
    except Exception as error:
        report.notes.append(f"{contestant.name}: {type(error).__name__}: {error}")
        say(report.notes[-1])
    finally:
        contestant.stop()


def measure(stack: Stack, contestant: Contestant, report: Report) -> Round:
    """Measure the parts of the plan, one after the other, on the same patients."""
    plan, number = report.plan, len(report.rounds.get(contestant.name, []))
    feed = Feed(stack.settings, f"bench-{_slug(contestant.name)}", plan.patients, contestant.source)
    speed = paced = outage = None
    if "throughput" in plan.parts or "shares" in plan.parts:
        folder = plan.profile if isinstance(contestant, CardioStream) and number == 0 else None
        with Profiles(folder, contestant.pids(), _slug(contestant.name)):
            speed = parts.throughput(stack, contestant, feed, plan.each)
    if "latency" in plan.parts:
        paced = parts.latency(stack, contestant, feed, plan.rate, plan.seconds)
    shares = {}
    if "shares" in plan.parts and speed is not None:
        for share in SHARES:
            rate = share * speed.per_s
            shares[f"{share:.0%}"] = parts.latency(stack, contestant, feed, rate, plan.seconds)
    if "outage" in plan.parts:
        outage = parts.catch_up(stack, contestant, feed, plan.each)
    return Round(speed, paced, shares, outage)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
