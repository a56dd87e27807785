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
from rich.table import Table

from bench import parts
from bench.contestants import MODES, CardioStream, probe
from bench.feed import Feed
from bench.films import chest, dataset, file_of, section, uid
from bench.ground import RECORDED
from bench.imaging_models import write_repository
from bench.numbers import Quantiles
from bench.orthanc import Orthanc
from bench.warmth import warm_up
from streams import topics
from streams.embedded.stack import Stack
from streams.embedded.worker import Worker
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place
from streams.gateways.dicomweb.picture import limits_of
from streams.pixels.pool import Pool
from streams.settings import Settings
from streams.transport.produce import Out, Producer, partition_of
from streams.transport.reading import read_to_end, reading
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


async def _tell(settings: Settings, studies: dict[str, int]) -> None:
    producer = Producer(settings, "bench-imaging")
    await producer.start()
    outs = [_event(study, count, settings.partitions) for study, count in studies.items()]
    await (await producer.send(outs))
    await producer.stop()


def _event(study: str, count: int, partitions: int) -> Out:
    event = {
        "resourceType": "ImagingStudy", "id": study, "status": "available", "numberOfInstances": count,
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study}"}],
        "subject": {"reference": f"Patient/{study[-6:]}"}, "started": "2025-03-01T11:50:00Z",
    }  # fmt: skip
    return Out(topics.IMAGING, partition_of(study.encode(), partitions), study.encode(), json.dumps(event).encode())


async def _answered(settings: Settings, wanted: int) -> None:
    """Wait until so many predictions stand on the topic."""
    began = time.monotonic()
    while time.monotonic() - began < _LONGEST_S:
        async with reading(settings, "bench-imaging") as consumer:
            found = [
                len(await read_to_end(consumer, topics.PREDICTIONS_IMAGING, n)) for n in range(settings.partitions)
            ]
        if sum(found) >= wanted:
            return
        await asyncio.sleep(0.5)
    raise TimeoutError(f"expected {wanted} answers within {_LONGEST_S:.0f} s")


def burst(settings: Settings, worker: Worker, studies: dict[str, int], before: int) -> Burst:
    """Tell of studies all at once and wait until all are answered."""
    with watched(worker.pid) as peak:
        began = time.monotonic()
        asyncio.run(_tell(settings, studies))
        asyncio.run(_answered(settings, before + len(studies)))
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
    console.print("warming up")
    warm_up(stack)
    ward = CardioStream(stack, MODES[0])
    ward.start()
    stack.start_worker("normalise").wait_ready(180)
    worker = stack.start_worker("imaging")
    worker.wait_ready(180)
    probe(stack, ward, "probe")
    feed = Feed(stack.settings, "bench", 400, ward.source)
    parts.latency(stack, ward, feed, rate, 5.0)
    console.print("vital signs alone")
    alone = parts.latency(stack, ward, feed, rate, seconds)
    console.print("and beside the burst")
    found: list[Burst] = []
    thread = threading.Thread(target=lambda: found.append(burst(stack.settings, worker, films, 0)))
    thread.start()
    beside = parts.latency(stack, ward, feed, rate, seconds)
    thread.join()
    console.print("CT")
    scanned = burst(stack.settings, worker, {scan: SLICES}, len(films))
    with watched(psutil.Process().pid) as peak:
        count, took = asyncio.run(door(stack.settings, scan))
    _print(console, rate, alone, beside, found[0], scanned, (count, took, peak[0]))


def _print(
    console: Console, rate: float, alone: parts.Latency, beside: parts.Latency, films: Burst, scan: Burst,
    door_: tuple[int, float, Peak],
) -> None:  # fmt: skip
    table = Table(title="Imaging", show_header=True)
    for heading in ("what", "seconds", "per s", "worker MiB", "decoders MiB"):
        table.add_column(heading)
    count, took, peak = door_
    rows = (
        (f"burst of {films.studies} films", films.seconds, f"{films.studies / films.seconds:.1f} films", films.peak),
        (f"CT of {SLICES} slices, event to prediction", scan.seconds, "", scan.peak),
        (f"CT, all {count} slices fetched and decoded", took, f"{count / took:.0f} slices", peak),
    )
    for name, seconds, speed, most in rows:
        table.add_row(name, f"{seconds:.1f}", speed, f"{most.worker:.0f}", f"{most.decoders:.0f}")
    console.print(table)
    vital = Table(title=f"Vital signs at {rate:.0f}/s, ms from produce to visible in Redis")
    for heading in ("", "p50", "p95", "p99", "highest"):
        vital.add_column(heading)
    for name, one in (("alone", alone), ("beside the burst", beside)):
        found: Quantiles | None = one.to_redis
        vital.add_row(name, *(f"{value:.1f}" for value in found) if found else ())
    console.print(vital)


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
