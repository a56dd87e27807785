"""``cardiostream dlq``: what could not be used, why, and where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from streams import topics
from streams.clock import isoformat
from streams.errors import RejectedMessage
from streams.provision.security import secured
from streams.records import DeadLetter
from streams.settings import Settings

Place = tuple[int, int]
"""Partition and offset on the topic of dead letters."""

READ_TIMEOUT_MS, QUIET_MS = 10_000, 500
WARNING = "The payload below is patient data: show it to nobody who may not see it, keep no copy."

Reason = Annotated[str | None, typer.Option(help="Only letters with this reason.")]
Source = Annotated[str | None, typer.Option(help="Only letters from this source.")]
Limit = Annotated[int, typer.Option(min=1, help="Rows shown, newest first; the counts are always of all.")]
Where = Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="Place of the dead letter, as listed.")]
Payload = Annotated[bool, typer.Option("--payload", help="Also print the message itself: patient data.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Dead letters: inputs that could not be used.", no_args_is_help=True)
    group.command("list")(listing)
    group.command("show")(show)
    app.add_typer(group, name="dlq")


def listing(reason: Reason = None, source: Source = None, limit: Limit = 20) -> None:
    """Count dead letters by reason and list the newest."""
    read = list(_letters(_connected()))
    letters = [(place, letter) for place, letter in read if letter is not None and matches(letter, reason, source)]
    console = Console()
    if strangers := sum(letter is None for _, letter in read):
        console.print(f"{strangers:,} records on {topics.DEAD_LETTERS} are no dead letters of this version")
    if not letters:
        console.print("no dead letters")
        return
    console.print(counts(letter for _, letter in letters))
    newest = sorted(letters, key=lambda one: one[1].received_at, reverse=True)
    console.print(rows(newest[:limit]))


def show(where: Where, payload: Payload = False) -> None:
    """Print one dead letter."""
    place = parse(where)
    found = next((letter for at, letter in _letters(_connected(), place) if at == place), None)
    if found is None:
        raise RejectedMessage("place", "TOPIC/PARTITION/OFFSET", "a dead letter's place", "a place without one")
    console = Console()
    console.print(details(found))
    if payload:
        console.print(WARNING, style="bold yellow")
        console.print(body(found), markup=False, highlight=False)


def parse(where: str) -> Place:
    """Read ``dead-letters/PARTITION/OFFSET``; raises RejectedMessage where it is something else."""
    parts = where.split("/")
    if len(parts) != 3 or parts[0] != topics.DEAD_LETTERS or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise RejectedMessage("place", "TOPIC/PARTITION/OFFSET", f"e.g. {topics.DEAD_LETTERS}/0/12", "something else")
    return int(parts[1]), int(parts[2])


def matches(letter: DeadLetter, reason: str | None, source: str | None) -> bool:
    """Tell whether a letter has this reason and source; None matches any."""
    return reason in (None, letter.reason) and source in (None, letter.source)


def counts(letters: Iterable[DeadLetter]) -> Table:
    """Return how many letters there are of each reason and source."""
    table = Table("reason", "source", Column("letters", justify="right"), title="dead letters by reason")
    for (reason, source), count in Counter((one.reason, one.source) for one in letters).most_common():
        table.add_row(Text(reason), Text(source), f"{count:,}")
    return table


def rows(letters: Iterable[tuple[Place, DeadLetter]]) -> Table:
    """Return one row per letter: when, where from, why; never what it held."""
    table = Table("received", "dead letter", "source", "message", "reason", "field", "expected", "received as")
    for (partition, offset), one in letters:
        cells = (
            isoformat(one.received_at),
            f"{topics.DEAD_LETTERS}/{partition}/{offset}",
            one.source,
            f"{one.topic}/{one.partition}/{one.offset}",
            one.reason,
            one.field,
            one.expected,
            one.received,
        )
        table.add_row(*map(Text, cells))
    return table


def details(letter: DeadLetter) -> Table:
    """Return every field of one letter but its payload."""
    grid = Table.grid(padding=(0, 2))
    fields = msgspec.structs.asdict(letter) | {"received_at": isoformat(letter.received_at)}
    fields["entry"] = "whole message" if letter.entry < 0 else f"entry {letter.entry} of the Bundle"
    fields["payload"] = "not kept" if letter.payload is None else f"{len(letter.payload):,} bytes kept"
    for name, value in fields.items():
        grid.add_row(name, Text(str(value)))
    return grid


def body(letter: DeadLetter) -> str:
    """Return the message as text; bytes that are no text are shown as escapes, so that no terminal obeys them."""
    text = (letter.payload or b"").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def _connected() -> Settings:
    from streams.embedded.addresses import connect

    return connect(Settings())


def _letters(settings: Settings, only: Place | None = None) -> Iterator[tuple[Place, DeadLetter | None]]:
    """Read the topic to its end, or the record at one place; None stands for what is no dead letter."""
    for record in _records(settings, only):
        yield (record.partition, record.offset), _read(record.value)


def _read(value: bytes | None) -> DeadLetter | None:
    try:
        return msgspec.json.decode(value or b"", type=DeadLetter)
    except msgspec.DecodeError:
        return None


def _records(settings: Settings, only: Place | None) -> Iterator[Any]:
    from kafka import KafkaConsumer, TopicPartition

    given: dict[str, Any] = {"bootstrap_servers": settings.bootstrap_servers, **secured(settings)}
    consumer = KafkaConsumer(enable_auto_commit=False, **given)
    try:
        numbers = consumer.partitions_for_topic(topics.DEAD_LETTERS) or set()
        places = [TopicPartition(topics.DEAD_LETTERS, n) for n in sorted(numbers) if only is None or n == only[0]]
        consumer.assign(places)
        starts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, starts[place] if only is None else max(starts[place], only[1]))
        yield from _until(consumer, ends, None if only is None else 1)
    finally:
        consumer.close()


def _until(consumer: Any, ends: dict[Any, int], most: int | None) -> Iterator[Any]:
    """Read past every partition's reported end until nothing more comes; a broker that stays silent ends it too.

    The wheel's broker reports the beginning of the last batch as the end, so the end alone will not do.
    """
    read = 0
    while True:
        behind = any(consumer.position(place) < end for place, end in ends.items())
        batches = consumer.poll(timeout_ms=READ_TIMEOUT_MS if behind else QUIET_MS)
        if not batches:
            return
        for record in (record for batch in batches.values() for record in batch):
            yield record
            read += 1
            if read == most:
                return
