"""What models found, on its way back into the PACS: kept until the prediction is acknowledged, then stored."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from streams import metrics
from streams.clock import Clock
from streams.errors import RetryableError
from streams.gateways.dicomweb.client import PacsClient
from streams.log import where_it_failed
from streams.pixels.image import Image
from streams.records import StudyPrediction
from streams.transport.runs import Record, Run
from streams.workers.slow.abandoned import raise_if_abandoned

log = logging.getLogger(__name__)
Place = tuple[str, int, int]
"""Topic, partition and offset of the record that brought a study."""


class Kept(msgspec.Struct):
    """What is to be stored for one record."""

    files: list[bytes] = []
    failed: int = 0
    """Predictions of which no objects could be made."""
    waits: bool = False
    """Whether the study waits for another try, in which everything is made and stored again."""


class Results:
    """DICOM files of studies under way; nothing where the site does not want them.

    Parameters
    ----------
    clock
        For the time of the objects; their UIDs do not depend on it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Place, Kept] = {}

    async def keep(self, record: Record, run: Run, said: StudyPrediction, image: Image, client: PacsClient) -> None:
        """Make the objects of a prediction, as long as its picture is at hand."""
        if said.status != "ok" or said.reading is None or said.basis is None:
            return
        kept = self._kept.setdefault(_place(record, run), Kept())
        try:
            source = await client.reference(said.basis, image.header.study_uid)
            kept.files += await asyncio.to_thread(_files, said, image, source, self._clock.now())
        except RetryableError:
            raise
        except Exception as error:  # the prediction stands whatever becomes of its drawing
            raise_if_abandoned(error)
            log.error("worker=imaging a result could not be made: %s", where_it_failed(error))
            kept.failed += 1

    def note_wait(self, record: Record, run: Run) -> None:
        """Note that the study of a record waits for another try."""
        if (kept := self._kept.get(_place(record, run))) is not None:
            kept.waits = True

    def take(self, record: Record, run: Run) -> Kept:
        """Return what is to be stored of a record, and forget it."""
        return self._kept.pop(_place(record, run), Kept())

    def forget(self) -> None:
        """Forget everything: what is under way comes again."""
        self._kept.clear()


async def store(files: list[bytes], client: PacsClient) -> None:
    """Store files; raises as `PacsClient.store` does."""
    await client.store(files)
    metrics.STUDIES.labels("stored", "").inc()


def _place(record: Record, run: Run) -> Place:
    return run.topic, run.partition, record.offset


def _files(said: StudyPrediction, image: Image, source: object, at: int) -> list[bytes]:
    # Where no site wants them, the libraries for it are not loaded.
    from streams.publish.dicom_results import files_of

    assert said.reading is not None
    assert said.basis is not None
    return files_of(image.values, said.reading, said.basis, source, at)  # type: ignore[arg-type]
