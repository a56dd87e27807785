"""A hospital's message on its way in: normalised, counted, and refused as a source where most of it is no use."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable

import msgspec

from streams import metrics, topics
from streams.errors import ContractError
from streams.normalise import Normalised, Raw, normalise
from streams.records import (
    ClinicalEvent,
    DeadLetter,
    Event,
    ImagingStudyVersion,
    NoteVersion,
    ObservationVersion,
    Overruling,
    SlowEvent,
)
from streams.settings import Settings, Source
from streams.transport.produce import Out, partition_of
from streams.transport.runs import Record, Run

GUARD_WINDOW = 1000
OVERRULING_KEY = b"overruling"
"""Of a record that goes to every partition, so that its key says nothing of where it belongs."""

_SLOW = {
    "ImagingStudy": topics.EVENTS_IMAGING,
    "DocumentReference": topics.EVENTS_NOTES,
    "DiagnosticReport": topics.EVENTS_NOTES,
    "Composition": topics.EVENTS_NOTES,
}
"""Resource types of slow work, each with the topic of its worker, who hands word of changes on to the bedside."""
log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class SourceGuard:
    """Stops a source most of whose messages are refused: something is wrong with it, not with them.

    Parameters
    ----------
    window
        How many messages in a row are looked at; more than half of them refused trips the guard.
    """

    def __init__(self, window: int = GUARD_WINDOW) -> None:
        self._last: deque[bool] = deque(maxlen=window)
        self._refused = 0

    def tripped(self, refused: bool) -> bool:
        """Note one message and tell whether the source must stop."""
        if len(self._last) == self._last.maxlen:
            self._refused -= self._last[0]
        self._last.append(refused)
        self._refused += refused
        return len(self._last) == self._last.maxlen and 2 * self._refused > len(self._last)


class Intake:
    """Normalises what comes through the hospital's doors, and stops a door most of whose messages are refused."""

    def __init__(self, settings: Settings, sources: Iterable[Source]) -> None:
        self.sources: dict[str, Source] = {source.topic: source for source in sources}
        self.stopped: set[str] = set()
        """Topics of sources that were stopped; their messages stay uncommitted."""
        self._partitions = settings.partitions
        self._tolerance_s = settings.future_tolerance_s
        self._guards = {topic: SourceGuard() for topic in self.sources}

    def read(self, run: Run, record: Record) -> Normalised:
        """Normalise one message and count what became of it; its source may be stopped by it."""
        source = self.sources[run.topic]
        result = normalise(_raw(run, record), source, future_tolerance_s=self._tolerance_s)
        for skip in result.skips:
            metrics.SKIPS.labels(source.name, skip.reason).inc()
        for letter in result.dead_letters:
            metrics.DEAD_LETTERS.labels(source.name, letter.reason).inc()
        if self._guards[run.topic].tripped(_refused(result)):
            self._stop(source)
        return result

    def letters(self, result: Normalised) -> list[Out]:
        """Return the dead letters of a message."""
        return [dead_letter_out(letter, self._partitions) for letter in result.dead_letters]

    def _stop(self, source: Source) -> None:
        self.stopped.add(source.topic)
        log.error(
            "source=%s topic=%s stopped: more than half of %d messages in a row were refused; expected usable FHIR; "
            "look at `cardiostream dlq list --source %s`, mend the source or its settings, then restart the worker",
            source.name, source.topic, GUARD_WINDOW, source.name,
        )  # fmt: skip


def _refused(result: Normalised) -> bool:
    """Tell whether nothing of a message could be used; that it voids something does not make it usable."""
    return bool(result.dead_letters) and all(isinstance(event, Overruling) for event in result.events)


def _raw(run: Run, record: Record) -> Raw:
    return Raw(
        value=record.value,
        key=record.key,
        topic=run.topic,
        partition=run.partition,
        offset=record.offset,
        received_at=record.timestamp,
        headers=record.headers,
    )


def route(event: Event, partitions: int) -> list[Out]:
    """Return the records that carry an event: one to the partition of its patient, an overruling to every partition."""
    metrics.EVENTS.labels(event.source, str(event.__struct_config__.tag)).inc()
    if not isinstance(event, Overruling):
        return [event_out(event, partitions)]
    value = _encode(event)
    # What was said of a study or a note is void at once; the bedside is not to wait for the worker that reads it.
    slow = _SLOW.get(event.resource_id.partition("/")[0])
    told = [topics.EVENTS_PATIENTS, *([slow] if slow else [])]
    return [Out(topic, partition, OVERRULING_KEY, value) for topic in told for partition in range(partitions)]


def event_out(event: ClinicalEvent | SlowEvent, partitions: int) -> Out:
    """Return the record that carries a clinical event to the partition of its patient."""
    key = event.patient_id.encode()
    return Out(_topic_of(event), partition_of(key, partitions), key, _encode(event))


def _topic_of(event: ClinicalEvent | SlowEvent) -> str:
    if isinstance(event, ImagingStudyVersion):
        return topics.EVENTS_IMAGING
    if isinstance(event, NoteVersion):
        return topics.EVENTS_NOTES
    return topics.EVENTS_OBSERVATIONS if isinstance(event, ObservationVersion) else topics.EVENTS_PATIENTS


def dead_letter_out(letter: DeadLetter, partitions: int) -> Out:
    """Return the record that keeps a refused input, without its payload where that would not fit."""
    value = _encode(letter)
    if len(value) > topics.BY_NAME[topics.DEAD_LETTERS].max_message_bytes - 4096:
        value = _encode(msgspec.structs.replace(letter, payload=None))
    if len(value) > topics.BY_NAME[topics.DEAD_LETTERS].max_message_bytes:
        raise ContractError("dead letter: expected its fields to be short, received more than the topic takes")
    key = letter.source.encode()
    return Out(topics.DEAD_LETTERS, partition_of(key, partitions), key, value)
