"""Seconds from ``cardiostream up`` to the first score in Redis, as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.feed import Feed, produce
from bench.ground import TooSlow, wait_visible
from streams import topics
from streams.embedded import addresses
from streams.settings import Settings

_LONGEST_S = 180.0


def measure(broker: str) -> float:
    """Start everything in a fresh folder, produce one patient's observations as soon as there is a broker, and wait."""
    folder = Path(tempfile.mkdtemp(prefix="cardiostream-bench-"))
    began = time.monotonic()
    with (folder / "up.log").open("wb") as log:
        command = [sys.executable, "-m", "streams.cli", "up", "--broker", broker]
        process = subprocess.Popen(
            command, env={**os.environ, "CARDIOSTREAM_RUN_DIR": str(folder)}, stdout=log, stderr=log
        )
    try:
        settings = _settings(folder, began)
        feed = Feed(settings, "first", 1, topics.OBSERVATIONS, minutes=60)
        produce(settings, feed.more(6))
        wait_visible(settings, feed.patients, feed.as_of, _LONGEST_S)
        return time.monotonic() - began
    finally:
        process.terminate()
        process.wait(60)


def _settings(folder: Path, began: float) -> Settings:
    """Return the addresses, once they are known."""
    base = addresses.updated(Settings(), {"run_dir": folder})
    while time.monotonic() - began < _LONGEST_S:
        if addresses.read(folder).get("settings"):
            return addresses.connect(base)
        time.sleep(0.02)
    raise TooSlow(f"`cardiostream up` wrote no addresses within {_LONGEST_S:.0f} s; see {folder / 'up.log'}")
