"""What the policy of alerts costs per score: ``python -m bench.alerts``.

One patient after another, a minute at a time, as the bedside does it: the policy alone, then with what is kept. Times
are of this process's CPU.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

from streams.alerts import state
from streams.alerts.assessed import RANK, Assessed
from streams.alerts.file import load
from streams.alerts.life import Place
from streams.alerts.watch import Watch
from streams.clock import MINUTE

PLACE = Place("North", "e1")
START = 1_700_000_040_000
PATIENTS, MINUTES = 40, 400


def stay(rng: random.Random, every: int, mean: float) -> list[Assessed]:
    """Return a patient's assessments, one every so many minutes."""
    index, found = mean, []
    for minute in range(0, MINUTES * every, every):
        index = min(max(index + rng.gauss(0, 3) + (mean - index) / 20, 1), 99)
        rank = RANK["high" if index >= 75 else "medium" if index >= 50 else "low-medium" if index >= 40 else "low"]
        found.append(Assessed(START + minute * MINUTE, rank, round(index * 10), rank, round(index * 10), False))
    return found


def seconds(stays: list[list[Assessed]], look: Callable[[Watch, Assessed], object]) -> float:
    """Return seconds per score."""
    watches = [Watch(load(None)) for _ in stays]
    began = time.process_time()
    for watch, rows in zip(watches, stays, strict=True):
        for row in rows:
            look(watch, row)
    return (time.process_time() - began) / sum(map(len, stays))


def policy_alone(watch: Watch, row: Assessed) -> object:
    return watch.assess([row], row.at, PLACE, (), row.at)


def kept(watch: Watch, row: Assessed) -> object:
    policy_alone(watch, row)
    return state.written(watch, watch.next_due(row.at))


def main() -> None:
    """Print microseconds per score, and bytes of the state's piece."""
    for name, every, mean in (
        ("ward, every 15 min, quiet", 15, 20.0),
        ("unit, every minute, quiet", 1, 20.0),
        ("unit, every minute, about the threshold", 1, 50.0),
    ):
        rng = random.Random(1)
        stays = [stay(rng, every, mean) for _ in range(PATIENTS)]
        alone, whole = (min(seconds(stays, look) for _ in range(3)) * 1e6 for look in (policy_alone, kept))
        watch = Watch(load(None))
        for row in stays[0]:
            policy_alone(watch, row)
        size = len(state.written(watch, None))
        sys.stdout.write(f"{name}: policy {alone:.1f} µs, with what is kept {whole:.1f} µs; piece {size} bytes\n")


if __name__ == "__main__":
    main()
