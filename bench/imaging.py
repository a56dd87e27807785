"""A burst of chest films and a CT beside a ward's vital signs: throughput, peak memory, and what it does to the ward.

``python -m bench.imaging`` needs Orthanc (packages ``orthanc``, ``orthanc-dicomweb``) and, for figures that mean
something, Apache Kafka (``KAFKA_HOME``). Films and sections are phantoms. Not part of continuous integration.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
from rich.console import Console

from bench import beside
from bench.films import chest, dataset, file_of, section, uid
from bench.ground import RECORDED
from bench.imaging_models import write_repository
from bench.orthanc import Orthanc
from streams import topics
from streams.embedded.stack import Stack
from streams.embedded.worker import Worker
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place
from streams.gateways.dicomweb.picture import limits_of
from streams.pixels.pool import Pool
from streams.settings import Settings
from streams.transport.produce import Out, partition_of
from streams.workers.imaging.pictures import Darkroom

SLICES, FILMS = 300, 200
_LOOK_S = 0.1
_LONGEST_S = 600.0


class Peak(NamedTuple):
    """Most resident memory seen, in MiB."""

    worker: float
    decoders: float


class Burst(NamedTuple):
    """What a number of studies took."""

    studies: int
    seconds: float
    peak: Peak


@contextmanager
def watched(pid: int) -> Iterator[list[Peak]]:
    """Look at the memory of a process and its children again and again."""
    seen, over = [Peak(0.0, 0.0)], threading.Event()

    def look() -> None:
        process = psutil.Process(pid)
        while not over.wait(_LOOK_S):
            now = Peak(process.memory_info().rss / 2**20, _decoders(process) / 2**20)
            seen[0] = Peak(*map(max, zip(seen[0], now, strict=True)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _decoders(process: psutil.Process) -> int:
    found = 0
    for child in process.children(recursive=True):
        with suppress(psutil.Error):
            found += child.memory_info().rss if "streams.pixels.child" in child.cmdline() else 0
    return found


def _event(study: str, count: int, partitions: int) -> Out:
    event = {
        "resourceType": "ImagingStudy", "id": study, "status": "available", "numberOfInstances": count,
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study}"}],
        "subject": {"reference": f"Patient/{study[-6:]}"}, "started": "2025-03-01T11:50:00Z",
    }  # fmt: skip
    return Out(topics.IMAGING, partition_of(study.encode(), partitions), study.encode(), json.dumps(event).encode())


def burst(settings: Settings, worker: Worker, studies: dict[str, int], before: int) -> Burst:
    """Tell of studies all at once and wait until all are answered."""
    outs = [_event(study, count, settings.partitions) for study, count in studies.items()]
    with watched(worker.pid) as peak:
        began = time.monotonic()
        asyncio.run(beside.tell(settings, outs))
        asyncio.run(beside.answered(settings, topics.PREDICTIONS_IMAGING, before + len(studies), _LONGEST_S, 0.5))
        seconds = time.monotonic() - began
    return Burst(len(studies), seconds, peak[0])


async def door(settings: Settings, study: str) -> tuple[int, float]:
    """Fetch and decode every instance of a study as the worker does; return how many and the seconds."""
    pacs = settings.pacs[0]
    client = PacsClient(Place(pacs, pacs.url), at_once=settings.imaging_studies_at_once, timeout_s=60.0)
    pool = Pool(settings.imaging_decoders, limits_of(settings))
    room = Darkroom(pool, limits_of(settings), lambda: None)
    from streams.workers.imaging.budget import Budget

    budget = Budget(settings.imaging_bytes_in_flight_mb * 2**20)
    began = time.monotonic()
    headers = [header for one in await client.series(study) for header in await client.headers(study, one.uid)]

    async def one(header: object) -> None:
        async with room.picture(header, client, budget):  # type: ignore[arg-type]
            pass

    await asyncio.gather(*(one(header) for header in headers))
    seconds = time.monotonic() - began
    await pool.close()
    client.close()
    return len(headers), seconds


def run(rate: float, seconds: float, side: int, console: Console) -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="cardiostream-bench-"))
    orthanc = Orthanc(folder / "orthanc")
    orthanc.start()
    try:
        films = {uid("bench", number): 1 for number in range(FILMS)}
        console.print(f"storing {FILMS} films of {side} x {side} and a CT of {SLICES} slices of 512 x 512")
        picture = chest(side)
        for study in films:
            orthanc.store([file_of(dataset(picture, study))])
        scan = uid("bench ct")
        for first in range(0, SLICES, 20):
            orthanc.store(section(scan, number, 512) for number in range(first, min(first + 20, SLICES)))
        repository = write_repository(folder / "models")
        (repository / "deterioration_gru").symlink_to(Path("model_repo/deterioration_gru").resolve())
        overrides = {**RECORDED, "pacs": [orthanc.pacs().model_dump(mode="json", exclude_defaults=True)]}
        with Stack(folder / "run", model_repository=repository, settings_overrides=overrides) as stack:
            _measure(stack, films, scan, rate, seconds, console)
    finally:
        orthanc.kill()


def _measure(stack: Stack, films: dict[str, int], scan: str, rate: float, seconds: float, console: Console) -> None:
    ward, worker = beside.started(stack, "imaging", console)
    found, burst_ = beside.measured(
        stack, ward, rate, seconds, lambda: burst(stack.settings, worker, films, 0), console
    )
    console.print("CT")
    scanned = burst(stack.settings, worker, {scan: SLICES}, len(films))
    with watched(psutil.Process().pid) as peak:
        count, took = asyncio.run(door(stack.settings, scan))
    beside.show(console, found, "the burst", _rows(burst_, scanned, Burst(count, took, peak[0])))


def _rows(films: Burst, scan: Burst, slices: Burst) -> list[tuple[str, str]]:
    """Tell what films, a CT and its mere fetching took; of the last, the studies are slices."""
    rows = (
        (f"burst of {films.studies} films", f", {films.studies / films.seconds:.1f} films a second", films),
        (f"CT of {SLICES} slices, event to prediction", "", scan),
        (
            f"CT, all {slices.studies} slices fetched and decoded",
            f", {slices.studies / slices.seconds:.0f} slices a second",
            slices,
        ),
    )
    return [
        (name, f"{one.seconds:.1f} s{speed}; peak {one.peak.worker:.0f} MiB, decoders {one.peak.decoders:.0f} MiB")
        for name, speed, one in rows
    ]


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="observations a second of the ward")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each part that is paced")
    parser.add_argument("--side", type=int, default=2000, help="pixels of a film's side")
    options = parser.parse_args()
    run(options.rate, options.seconds, options.side, Console(width=120))


if __name__ == "__main__":
    main()
