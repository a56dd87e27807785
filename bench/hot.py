"""What one score costs in the bedside worker's own process, step by step: ``python -m bench.hot [--patients 500]``.

No broker and no Triton: the steps that stand on the way of every score, each over all patients in turn, so that what it
needs of one patient is as cold as in a worker that serves them all. Times are of this process's CPU.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder

from bench.observations import observations
from streams.clock import HOUR
from streams.inference.manifest import Manifest, load
from streams.inference.outcomes import Value
from streams.inference.wire import request
from streams.modalities.vitals import prepare_many
from streams.normalise import Raw, normalise
from streams.publish.identity import facts_digest, version_id
from streams.records import SlowEvent
from streams.scoring.news2 import news2
from streams.settings import Settings, Source
from streams.timeline.share import Share
from streams.timeline.snapshot import snapshot
from streams.transport.produce import Out
from streams.workers.assessment import Noted, Publisher, cases_of, judge
from streams.workers.cache import row_of
from streams.workers.early_view import Acknowledged
from streams.workers.lifecycle import spare_the_collector
from streams.workers.ownership import retention_of

SOURCE = Source(name="bench", topic="bench")
START = 1_700_000_000_000 // HOUR * HOUR
"""Of the patients' clinical time."""


class Ward:
    """Patients of one partition with a history, and their next observations."""

    def __init__(self, spec: Manifest, patients: int, history: int) -> None:
        self.names = [f"patient-{n:06d}" for n in range(patients)]
        self.share = Share(b"hot!", retention_of(Settings()))
        self.share.restore([])
        self.spec, self._made = spec, history
        for out in observations(self.names, history, START, "bench", 1):
            self.take(out)
        self.share.changed(self.names)

    def more(self) -> list[Out]:
        """Return the next observation of every patient."""
        self._made += 1
        return observations(self.names, 1, START, "bench", 1, first=self._made - 1)

    def take(self, out: Out) -> None:
        """Normalise one message and take it into the state."""
        raw = Raw(out.value, out.key, "bench", 0, 0, START + 48 * HOUR)
        for event in normalise(raw, SOURCE, future_tolerance_s=300.0).events:
            if not isinstance(event, SlowEvent):
                self.share.apply(event)


def measure(ward: Ward, rounds: int) -> dict[str, float]:
    """Return CPU microseconds per patient of every step."""
    spent: dict[str, float] = {}

    def step(name: str, work: Callable[[Any], Any], over: Sequence[Any]) -> list[Any]:
        began = time.process_time()
        found = [work(one) for one in over]
        spent[name] = spent.get(name, 0.0) + time.process_time() - began
        return found

    publisher, names, spec = Publisher([ward.spec]), ward.names, ward.spec
    for _ in range(rounds):
        step("normalise, take into the state", ward.take, ward.more())
        step("pieces of the state", lambda name: ward.share.changed([name]), names)
        seen = step("snapshot", lambda name: snapshot(name, ward.share.gathered(name)), names)
        parts = [seen[start : start + 64] for start in range(0, len(seen), 64)]
        step("features, 64 at once", lambda part: prepare_many(part, spec), parts)
        step("NEWS2", news2, seen)
        cases = cases_of([Noted(one, "fresh", START) for one in seen], spec)
        step("request to Triton", lambda case: request(spec.name, spec.version, case.prepared.tensors, 1), cases)
        scores = step("judge (NEWS2 in it)", lambda case: judge(case, Value(0.2), spec), cases)
        pairs = list(zip(cases, scores, strict=True))
        step("version", lambda pair: version_id(pair[1], facts_digest(pair[0].snapshot)), pairs)
        outs = step("records (version in it)", lambda pair: publisher.records(pair[0], pair[1], 0, 1), pairs)
        step("hand to the producer", _append, outs)
        step("row of the view", _row, outs)
    return {name: 1e6 * seconds / rounds / len(names) for name, seconds in spent.items()}


def _append(outs: Sequence[Out]) -> None:
    builder = BatchBuilder(1 << 20, 0)
    for out in outs:
        builder.append(timestamp=1, key=out.key, value=out.value, headers=list(out.headers))


def _row(outs: Sequence[Out]) -> None:
    last = outs[-1]
    row_of(Acknowledged(1, 0, last.key, last.value, last.headers))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--history", type=int, default=150, help="observations of each before, one a minute")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ward = Ward(load(Path("model_repo"), "deterioration_gru"), options.patients, options.history)
    spare_the_collector()
    for name, cost in measure(ward, options.rounds).items():
        print(f"{cost:8.1f} us  {name}")


if __name__ == "__main__":
    main()
