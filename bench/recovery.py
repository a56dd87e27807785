"""Recovery of a large state from Apache Kafka (KAFKA_HOME), end to end; run ``python -m bench.recovery``.

One process feeds a share for each partition and writes its pieces to ``state.bedside`` through the project's producer;
another, fresh, acquires all partitions as the bedside worker does. Each tells what it took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import facts
from bench.state import RETENTION, peak, rss, settled_rss
from streams import topics
from streams.embedded.stack import Stack
from streams.settings import Settings
from streams.timeline.pieces import Piece
from streams.timeline.share import Share
from streams.transport.produce import Out, Producer, partition_of
from streams.workers.lifecycle import spare_the_collector
from streams.workers.ownership import Owner

_PIECES = 2_000
"""Pieces that are handed to the producer together."""


async def write(options: argparse.Namespace) -> dict[str, float]:
    """Feed shares and write their pieces; the last tells how large they are in memory."""
    settings = Settings()
    producer = Producer(settings, "bench")
    await producer.start()
    shares = [Share(b"mark", RETENTION) for _ in range(settings.partitions)]
    for share in shares:
        share.timelines.open_bytes = int(settings.open_state_mb * 2**20) // len(shares)
    before, began, count, size = rss(), time.monotonic(), 0, 0
    outs = [_out(n, piece) for n, share in enumerate(shares) for piece in share.restore([])]
    for number in range(options.patients):
        home = -1
        for batch in facts.sets(number, options.facts, options.together, options.form):
            home = home if home >= 0 else partition_of(batch[0].patient_id.encode(), settings.partitions)
            for event in batch:
                shares[home].apply(event)
            outs += [_out(home, piece) for piece in shares[home].changed([batch[0].patient_id])]
        if len(outs) >= _PIECES:
            count, size = count + len(outs), size + sum(len(out.key or b"") + len(out.value or b"") for out in outs)
            await (await producer.send(outs))
            outs = []
    await (await producer.send(outs))
    await producer.stop()
    held = options.patients * options.facts
    count += len(outs)
    found = {"bytes on the topic": size / held, "pieces": count, "s": time.monotonic() - began}
    return found | {"bytes in memory": (settled_rss() - before) / held}


def _out(partition: int, piece: Piece) -> Out:
    return Out(topics.STATE, partition, *piece)


async def recover(options: argparse.Namespace) -> dict[str, float]:
    """Acquire the partitions of one of the workers."""
    settings = Settings()
    spare_the_collector()
    mine = range(options.number, settings.partitions, options.among)
    producer = Producer(settings, "bench")
    await producer.start()
    before, began = rss(), time.monotonic()
    shares = await Owner(settings, producer).acquire(mine)
    took = time.monotonic() - began
    await producer.stop()
    found = sum(len(share.timelines) for share in shares.values())
    held = found * options.facts
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "patients": found,
        "s": took,
        "facts/s": held / took,
        "CPU s": used.ru_utime + used.ru_stime,
        "highest bytes in memory": (peak() - before) / held,
        "bytes in memory": (settled_rss() - before) / held,
        "RSS MB": rss() / 1e6,
    }


def main() -> None:
    """Start a broker, feed, recover, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--facts", type=int, default=100, help="facts of each")
    parser.add_argument("--together", type=int, default=8, help="facts charted at one instant")
    parser.add_argument("--form", choices=facts.FORMS, default="uuid", help="form of the ids")
    parser.add_argument("--runs", type=int, default=1, help="recoveries")
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[1],
        help="workers that recover at once, each its partitions; 1 2 for both",
    )
    parser.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--among", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=("write", "recover"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        logging.basicConfig(level="WARNING", format="%(message)s")
        logging.getLogger("streams").setLevel("INFO")
        print(json.dumps(asyncio.run({"write": write, "recover": recover}[options.only](options))))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), broker="kafka", external=("redis", "triton")) as stack,
    ):
        show("write", at_once("write", 1, stack.env)[0])
        for workers in options.workers * options.runs:
            found = at_once("recover", workers, stack.env)
            for one in found:
                show("recover", one)
            if (patients := sum(one["patients"] for one in found)) != options.patients:
                raise SystemExit(f"expected {options.patients} patients, recovered {patients}")
            slowest = max(one["s"] for one in found)
            rate = options.patients * options.facts / slowest
            print(f"{workers} workers: {slowest:.1f} s, {rate:,.0f} facts/s", flush=True)


def at_once(what: str, processes: int, env: dict[str, str]) -> list[dict[str, float]]:
    """Run so many processes of one part at the same time, and return what each tells."""
    command = [sys.executable, "-m", "bench.recovery", *sys.argv[1:], "--only", what, "--among", str(processes)]
    running = [
        subprocess.Popen(
            [*command, "--number", str(number)], env={**os.environ, **env}, stdout=subprocess.PIPE, text=True
        )
        for number in range(processes)
    ]
    told = [one.communicate()[0] for one in running]
    if any(one.returncode for one in running):
        raise SystemExit("a part failed; see above")
    return [json.loads(one) for one in told]


def show(what: str, found: dict[str, float]) -> None:
    """Print what one part tells."""
    print(what, {key: round(value, 1) for key, value in found.items()}, flush=True)


if __name__ == "__main__":
    main()
