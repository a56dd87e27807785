"""Two hundred long notes queued beside a ward's vital signs: how fast they are read, and what it does to the ward.

``python -m bench.notes`` needs, for figures that mean something, Apache Kafka (``KAFKA_HOME``). The notes are the
simulated ward's, strung together to some thousand words. Not part of continuous integration.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple, get_args

from rich.console import Console
from rich.table import Table

from bench import parts
from bench.contestants import MODES, CardioStream, probe
from bench.feed import Feed
from bench.ground import RECORDED
from bench.notes_models import write_repository
from bench.numbers import Quantiles
from bench.warmth import warm_up
from streams import topics
from streams.clock import isoformat
from streams.embedded.stack import Stack
from streams.inference.repository import discover_notes
from streams.settings import Settings
from streams.simulate.chance import stream
from streams.simulate.note_texts import STYLES, Illness, written
from streams.transport.produce import Out, Producer, partition_of
from streams.transport.reading import read_to_end, reading

_LONGEST_S = 900.0
_STORIES = 16
"""Notes of the ward in one long one: about 1,500 words, four rows of 512 word pieces."""


class Burst(NamedTuple):
    """What a number of notes took."""

    notes: int
    seconds: float


def long_note(number: int) -> str:
    """Return the words of one long note."""
    chance = stream("bench", number)
    told = (
        written(chance.choice(get_args(Illness)), STYLES[place % len(STYLES)], 70, "female", chance)
        for place in range(_STORIES)
    )
    return "\n\n".join(f"{heading}: {text}" if heading else text for note in told for heading, text in note)


def _event(number: int, partitions: int) -> Out:
    attachment = {"contentType": "text/plain", "data": base64.b64encode(long_note(number).encode()).decode()}
    document = {
        "resourceType": "DocumentReference", "id": f"long-{number}", "status": "current",
        "subject": {"reference": f"Patient/noted-{number}"}, "date": isoformat(int(time.time() * 1000)),
        "content": [{"attachment": attachment}],
    }  # fmt: skip
    key = f"long-{number}".encode()
    return Out(topics.NOTES, partition_of(key, partitions), key, json.dumps(document).encode())


async def _tell(settings: Settings, notes: int) -> None:
    producer = Producer(settings, "bench-notes")
    await producer.start()
    await (await producer.send([_event(number, settings.partitions) for number in range(notes)]))
    await producer.stop()


async def _answered(settings: Settings, wanted: int) -> None:
    """Wait until so many predictions stand on the topic."""
    began = time.monotonic()
    while time.monotonic() - began < _LONGEST_S:
        async with reading(settings, "bench-notes") as consumer:
            found = [len(await read_to_end(consumer, topics.PREDICTIONS_NOTES, n)) for n in range(settings.partitions)]
        if sum(found) >= wanted:
            return
        await asyncio.sleep(1.0)
    raise TimeoutError(f"expected {wanted} answers within {_LONGEST_S:.0f} s")


def burst(settings: Settings, notes: int) -> Burst:
    """Tell of notes all at once and wait until all are answered."""
    began = time.monotonic()
    asyncio.run(_tell(settings, notes))
    asyncio.run(_answered(settings, notes))
    return Burst(notes, time.monotonic() - began)


def repository(folder: Path) -> Path:
    """Return models of vital signs and of notes: the shipped one where there is one, else one that knows words."""
    shipped = Path("model_repo").resolve()
    found = folder / "models"
    found.mkdir()
    (found / "deterioration_gru").symlink_to(shipped / "deterioration_gru")
    if (shipped / "notes_bert").exists():
        (found / "notes_bert").symlink_to(shipped / "notes_bert")
        return found
    return write_repository(found)


def run(rate: float, seconds: float, notes: int, console: Console) -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="cardiostream-bench-"))
    models = repository(folder)
    with Stack(folder / "run", model_repository=models, settings_overrides=dict(RECORDED)) as stack:
        console.print("warming up")
        warm_up(stack)
        ward = CardioStream(stack, MODES[0])
        ward.start()
        stack.start_worker("normalise").wait_ready(180)
        stack.start_worker("notes").wait_ready(180)
        probe(stack, ward, "probe")
        feed = Feed(stack.settings, "bench", 400, ward.source)
        parts.latency(stack, ward, feed, rate, 5.0)
        console.print("vital signs alone")
        alone = parts.latency(stack, ward, feed, rate, seconds)
        console.print("and beside the notes")
        found: list[Burst] = []
        thread = threading.Thread(target=lambda: found.append(burst(stack.settings, notes)))
        thread.start()
        beside = parts.latency(stack, ward, feed, rate, seconds)
        _print(console, rate, alone, beside)
        console.print("waiting for the last note")
        thread.join()
    words = sum(len(long_note(number).split()) for number in range(notes)) / notes
    model = next(one.name for one in discover_notes(models))
    took = f"{found[0].seconds:.1f} s, {notes / found[0].seconds:.1f} notes a second"
    console.print(f"{notes} notes of {words:.0f} words, {model}: {took}")


def _print(console: Console, rate: float, alone: parts.Latency, beside: parts.Latency) -> None:
    vital = Table(title=f"Vital signs at {rate:.0f}/s, ms from produce to visible in Redis")
    for heading in ("", "p50", "p95", "p99", "highest"):
        vital.add_column(heading)
    for name, one in (("alone", alone), ("beside the notes", beside)):
        found: Quantiles | None = one.to_redis
        vital.add_row(name, *(f"{value:.1f}" for value in found) if found else ())
    console.print(vital)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="observations a second of the ward")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each part that is paced")
    parser.add_argument("--notes", type=int, default=200, help="long notes that are queued at once")
    options = parser.parse_args()
    run(options.rate, options.seconds, options.notes, Console(width=120))


if __name__ == "__main__":
    main()
