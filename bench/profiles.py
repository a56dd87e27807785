"""py-spy profiles of running workers, as text: the functions in which the time goes."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

HZ = 100
TOP = 40
_MOST_S = 300
_LINE = re.compile(r":\d+\)$")


class Profiles:
    """Samples processes for the time of a block; does nothing without a folder.

    Parameters
    ----------
    folder
        For one text per process, ``LABEL-NAME.txt``.
    pids
        Processes by name.
    """

    def __init__(self, folder: Path | None, pids: Mapping[str, int], label: str) -> None:
        self._folder, self._pids, self._label = folder, dict(pids), label
        self._running: dict[Path, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            quiet = subprocess.DEVNULL
            for name, pid in self._pids.items():
                path = self._folder / f"{self._label}-{name}.folded"
                self._running[path] = subprocess.Popen(_command(pid, path), stdout=quiet, stderr=quiet)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for path, process in self._running.items():
            process.send_signal(signal.SIGINT)
            process.wait(30)
            if path.exists():
                path.with_suffix(".txt").write_text(summary(path.read_text().splitlines()))


def _command(pid: int, path: Path) -> list[str]:
    beside = Path(sys.executable).parent / "py-spy"
    program = str(beside) if beside.exists() else shutil.which("py-spy") or "py-spy"
    limits = ["--rate", str(HZ), "--duration", str(_MOST_S), "--nonblocking"]
    return [program, "record", "--format", "raw", *limits, "--output", str(path), "--pid", str(pid)]


def summary(folded: Iterable[str], top: int = TOP) -> str:
    """Turn folded stacks (``outer;inner count``) into a table: share of samples in a function itself and below it."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in folded:
        stack, _, count = line.rpartition(" ")
        frames = [_LINE.sub(")", frame) for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        for frame in set(frames):
            whole[frame] += int(count)
    samples = max(own.total(), 1)
    lines = [f"{samples} samples; per cent of them in the function itself, and in it or below it", ""]
    lines += [
        f"{100 * n / samples:6.1f} {100 * whole[name] / samples:6.1f}  {name}" for name, n in own.most_common(top)
    ]
    return "\n".join(lines) + "\n"
