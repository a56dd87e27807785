"""A hospital with a PACS: broker, Triton, the workers of the imaging path, and what tests do to them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaProducer

from streams import topics
from streams.embedded.services import BrokerChoice
from streams.embedded.stack import Stack
from streams.records import DeadLetter, Overruling, StudyPredictions, StudyRetry
from streams.settings import Pacs
from streams.transport.reading import read_to_end, reading

PATIENCE_S = 60.0
_said = msgspec.json.Decoder(StudyPredictions | Overruling).decode
QUICK: dict[str, Any] = {
    "partitions": 2,
    "imaging_retry_delays_s": (0.5, 1.0, 2.0),
    "imaging_request_timeout_s": 5.0,
    "pacs_poll_s": 0.3,
    "session_timeout_s": 6.0,
}
"""Settings by which a test does not wait for what a hospital would wait for."""


class Radiology:
    """A running stack, and what is said on its topics."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._producer = KafkaProducer(bootstrap_servers=stack.settings.bootstrap_servers)

    def tell(self, message: dict[str, Any] | bytes, topic: str = topics.IMAGING) -> None:
        """Send one message of the hospital."""
        value = message if isinstance(message, bytes) else json.dumps(message).encode()
        self._producer.send(topic, value=value)
        self._producer.flush()

    def values(self, *names: str) -> list[tuple[str, bytes]]:
        """Return topic and value of every record there."""
        return asyncio.run(self._values(names))

    async def _values(self, names: tuple[str, ...]) -> list[tuple[str, bytes]]:
        async with reading(self.stack.settings, "cardiostream-test") as consumer:
            return [
                (name, record.value)
                for name in names
                for partition in range(self.stack.settings.partitions)
                for record in await read_to_end(consumer, name, partition)
            ]

    def said(self) -> list[StudyPredictions]:
        """Return what has been said of studies."""
        found = [_said(value) for _, value in self.values(topics.PREDICTIONS_IMAGING)]
        return [one for one in found if isinstance(one, StudyPredictions)]

    def overruled(self) -> list[Overruling]:
        """Return the words to all partitions."""
        found = [_said(value) for _, value in self.values(topics.PREDICTIONS_IMAGING)]
        return [one for one in found if isinstance(one, Overruling)]

    def letters(self) -> list[DeadLetter]:
        """Return the dead letters."""
        return [msgspec.json.decode(value, type=DeadLetter) for _, value in self.values(topics.DEAD_LETTERS)]

    def retries(self) -> list[StudyRetry]:
        """Return every wait for another try."""
        return [msgspec.json.decode(value, type=StudyRetry) for _, value in self.values(*topics.IMAGING_RETRIES)]

    def wait_for(self, fulfilled: Callable[[], Any], wait_s: float = PATIENCE_S) -> Any:
        """Look again and again until something is there."""
        end = time.monotonic() + wait_s
        while not (found := fulfilled()):
            assert time.monotonic() < end, f"nothing after {wait_s} s; the worker's log:\n{self.log()}"
            time.sleep(0.2)
        return found

    def said_of(self, study: str, count: int = 1) -> list[StudyPredictions]:
        """Wait until so much has been said of a study, by its FHIR id."""
        resource = f"ImagingStudy/{study}"

        def found() -> list[StudyPredictions] | None:
            there = [one for one in self.said() if one.resource_id == resource]
            return there if len(there) >= count else None

        result: list[StudyPredictions] = self.wait_for(found)
        return result

    def log(self) -> str:
        """Return the end of the imaging worker's log."""
        path = self.stack.workers["imaging"].log_path
        return path.read_text(errors="replace")[-3000:]

    def close(self) -> None:
        """Disconnect."""
        self._producer.close()


@contextmanager
def opened(
    folder: Path, repository: Path, pacs: tuple[Pacs, ...], broker: BrokerChoice = "auto", **settings: Any
) -> Iterator[Radiology]:
    """Start broker, Triton and the workers of the imaging path."""
    given = [one.model_dump(mode="json", exclude_defaults=True) for one in pacs]
    with Stack(
        folder / "run",
        broker=broker,
        workers=("normalise", "imaging"),
        model_repository=repository,
        settings_overrides={**QUICK, "pacs": given, **settings},
    ) as stack:
        radiology = Radiology(stack)
        try:
            yield radiology
        finally:
            radiology.close()


def study_event(study_uid: str, given_id: str = "s1", **changes: Any) -> dict[str, Any]:
    """An ImagingStudy of one chest film; a change to None leaves the element out."""
    whole: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "id": given_id,
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study_uid}"}],
        "subject": {"reference": "Patient/p1"},
        "started": "2025-03-01T11:50:00Z",
        "numberOfInstances": 1,
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}
