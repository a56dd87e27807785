"""Size and recovery of the bedside's state: bytes and microseconds a fact; run ``python -m bench.state``.

Each figure comes from a process of its own. ``fed``: facts are applied and their pieces taken, a set at a time, as
flushes do. ``restored``: the same pieces are read from a file into a share. `bench.recovery` does it on Apache Kafka.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import struct
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from bench import facts
from streams.clock import HOUR
from streams.records import Overruling, Version
from streams.timeline.pieces import Piece
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.snapshot import snapshot

RETENTION = Retention(72 * HOUR, 14 * 24 * HOUR)
_ASKED = 300
_TRACED = 10_000
"""Patients up to which allocations are traced too; tracing triples the time."""


def rss() -> int:
    """Return this process's resident bytes."""
    return int(psutil.Process().memory_info().rss)


def settled_rss() -> int:
    """Return this process's resident bytes once nothing is kept that nobody holds."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return rss()


def fed(options: argparse.Namespace) -> dict[str, float]:
    """Feed a share and measure it; the pieces go to a file where one is named."""
    if options.traced:
        tracemalloc.start()
    share = Share(b"mark", RETENTION)
    share.restore([])
    gc.collect()
    before, taken, written = rss(), 0.0, 0.0
    with (options.file or Path("/dev/null")).open("wb") as file:
        for number in range(options.patients):
            for batch in facts.sets(number, options.facts, options.together, options.form):
                began = time.perf_counter()
                for event in batch:
                    share.apply(event)
                middle = time.perf_counter()
                pieces = share.changed([batch[0].patient_id])
                taken, written = taken + middle - began, written + time.perf_counter() - middle
                write_pieces(file, pieces)
    count = options.patients * options.facts
    found = {
        "rss": (settled_rss() - before) / count,
        "apply_us": taken / count * 1e6,
        "changed_us": written / count * 1e6,
    }
    if options.traced:
        found["traced"] = tracemalloc.get_traced_memory()[0] / count
    return found


def restored(options: argparse.Namespace) -> dict[str, float]:
    """Restore a share from a file of pieces and measure it."""
    if options.traced:
        tracemalloc.start()
    gc.collect()
    before = rss()
    began, started = time.perf_counter(), time.process_time()
    share = Share(b"next", RETENTION)
    share.restore(read_pieces(options.file))
    took, used = time.perf_counter() - began, time.process_time() - started
    count = options.patients * options.facts
    found = {"rss": (settled_rss() - before) / count, "us": took / count * 1e6, "per_s": count / took}
    found |= {"peak": (peak() - before) / count, "cpu_us": used / count * 1e6}
    if options.traced:
        found["traced"] = tracemalloc.get_traced_memory()[0] / count
    if len(share.timelines) != options.patients:
        raise SystemExit(f"expected {options.patients} patients, restored {len(share.timelines)}")
    return found | _looked_up(share, options.patients)


def _looked_up(share: Share, patients: int) -> dict[str, float]:
    """Return the microseconds of an overruling that voids nothing, and of opening, reading and closing a timeline."""
    words = [Overruling("hospital", str(n), Version(0, 2), "", 0) for n in range(_ASKED)]
    began = time.process_time()
    for word in words:
        share.apply(word)
    asked = time.process_time()
    for number in range(_ASKED):
        name = facts.patient_id(number % patients)
        snapshot(name, [share.timelines[name]])
        share.timelines.close(name)
    return {"overruling_us": (asked - began) / _ASKED * 1e6, "opened_us": (time.process_time() - asked) / _ASKED * 1e6}


def peak() -> int:
    """Return the most resident bytes that this process ever had."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def write_pieces(file: Any, pieces: list[Piece]) -> None:
    """Append pieces to a file."""
    for key, value in pieces:
        file.write(struct.pack("<II", len(key), len(value or b"")) + key + (value or b""))


def read_pieces(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the pieces of a file."""
    with path.open("rb") as file:
        while head := file.read(8):
            key, value = struct.unpack("<II", head)
            yield file.read(key), file.read(value)


def _apart(what: str, options: argparse.Namespace, patients: int, file: Path) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "bench.state", "--only", what, "--sizes", str(patients), "--file", str(file)]
    command += ["--facts", str(options.facts), "--together", str(options.together), "--form", options.form]
    found: dict[str, float] = {}
    # Traced and untraced apart: tracing costs time and memory of its own.
    for traced in [False, True][: 1 + (patients <= _TRACED)]:
        out = subprocess.run([*command, *["--traced"] * traced], stdout=subprocess.PIPE, check=True, text=True).stdout
        found = {**json.loads(out), **found}
    return found


def _line(name: str, patients: int, found: dict[str, float]) -> str:
    return f"{name:9} {patients:8,} " + "  ".join(f"{key} {value:,.2f}" for key, value in sorted(found.items()))


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000", help="numbers of patients")
    parser.add_argument("--facts", type=int, default=100, help="facts of each")
    parser.add_argument("--together", type=int, default=8, help="facts charted at one instant")
    parser.add_argument("--form", choices=facts.FORMS, default="uuid", help="form of the ids")
    parser.add_argument("--only", choices=("fed", "restored"), help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        options.patients = int(options.sizes)
        print(json.dumps({"fed": fed, "restored": restored}[options.only](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for patients in map(int, options.sizes.split(",")):
            file = Path(folder) / str(patients)
            for what in ("fed", "restored"):
                print(_line(what, patients, _apart(what, options, patients, file)), flush=True)


if __name__ == "__main__":
    main()
