"""Kills what an embedded stack started once the stack itself is gone, even by SIGKILL.

Run as a script with nothing but the standard library: it reads lines from its standard input, whose other end only the
stack holds. ``hold PGID`` and ``release PGID`` name process groups, ``shm PREFIX`` a prefix of files in ``/dev/shm``.
At end of file it kills the groups held, removes those files, and exits.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory lives on Linux


def remove_shared_memory(prefix: str) -> None:
    """Remove shared memory files that a killed Triton left under its unique `prefix`."""
    for path in SHARED_MEMORY.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def kill_group(group: int) -> None:
    """Kill a process group, or what is left of it; an empty one is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Read lines until the stack is gone, then clean up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    held: set[int] = set()
    prefixes: set[str] = set()
    for line in sys.stdin:
        word, _, argument = line.strip().partition(" ")
        if word == "hold":
            held.add(int(argument))
        elif word == "release":
            held.discard(int(argument))
        elif word == "shm":
            prefixes.add(argument)
    for group in held:
        kill_group(group)
    for prefix in prefixes:
        remove_shared_memory(prefix)


if __name__ == "__main__":
    main()
