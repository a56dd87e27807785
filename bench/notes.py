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
import time
from pathlib import Path
from typing import NamedTuple, get_args

from rich.console import Console

from bench import beside
from bench.ground import RECORDED
from bench.notes_models import write_repository
from streams import topics
from streams.clock import isoformat
from streams.embedded.stack import Stack
from streams.inference.repository import discover_notes
from streams.settings import Settings
from streams.simulate.chance import stream
from streams.simulate.note_texts import STYLES, Illness, written
from streams.transport.produce import Out, partition_of

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


def burst(settings: Settings, notes: int) -> Burst:
    """Tell of notes all at once and wait until all are answered."""
    began = time.monotonic()
    asyncio.run(beside.tell(settings, [_event(number, settings.partitions) for number in range(notes)]))
    asyncio.run(beside.answered(settings, topics.PREDICTIONS_NOTES, notes, _LONGEST_S, 1.0))
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
        ward, _ = beside.started(stack, "notes", console)
        found, took = beside.measured(stack, ward, rate, seconds, lambda: burst(stack.settings, notes), console)
    words = sum(len(long_note(number).split()) for number in range(notes)) / notes
    model = next(one.name for one in discover_notes(models))
    speed = f"{took.seconds:.1f} s, {notes / took.seconds:.1f} notes a second"
    beside.show(console, found, "the notes", [(f"{notes} notes of {words:.0f} words, {model}", speed)])


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
