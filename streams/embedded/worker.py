"""The workers as processes of this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import streams
from streams.embedded.child import Child, exit_text
from streams.embedded.part import Part, Place
from streams.inference.repository import discover_imaging, discover_notes
from streams.settings import Settings

WORKERS: tuple[str, ...] = ("normalise", "bedside", "cache", "imaging", "notes")
"""Every worker that `cardiostream up` starts, in order."""
READY_FILE = "CARDIOSTREAM_READY_FILE"
"""Variable naming the file that a worker touches once it has its partitions and is ready."""
STOP_GRACE_S = 15.0


def needed(settings: Settings) -> tuple[str, ...]:
    """Return the workers that this site needs.

    None to normalise where every source is keyed by patient, none for images or notes where no model is for them.
    """
    unneeded = set() if settings.handed_on else {"normalise"}
    if not discover_imaging(settings.model_repository):
        unneeded.add("imaging")
    if not discover_notes(settings.model_repository):
        unneeded.add("notes")
    return tuple(name for name in WORKERS if name not in unneeded)


class Worker(Part):
    """One worker process; several of the same kind share the patients."""

    advice = "see the log; a worker stops by itself where topics, state or models are not as declared"

    def __init__(self, place: Place, kind: str, label: str, env: Mapping[str, str]) -> None:
        super().__init__(place)
        self.kind, self.name, self.env = kind, label, dict(env)
        self.ready_file = place.folder("ready").resolve() / label

    @property
    def address(self) -> str:
        """Process id; a worker listens on nothing that others need."""
        return f"pid {self.pid}"

    @property
    def pid(self) -> int:
        """Process id of the running worker."""
        return self._running().pid

    @property
    def log_path(self) -> Path:
        """Where it logs."""
        return self.place.log_path(self.name)

    def pick_ports(self) -> None:
        """Choose nothing: a worker is reached through the broker alone."""

    def start(self) -> None:
        """Start the process; another start after its end appends to the same log."""
        self.ready_file.unlink(missing_ok=True)
        paths = [str(Path(streams.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
        env = {
            # One numpy thread each: the machine is shared by all workers.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            READY_FILE: str(self.ready_file),
        }
        self._run([sys.executable, "-m", "streams.cli", "worker", self.kind], {**env, **self.env})

    def ready(self) -> bool:
        """Tell whether it has said that it is ready."""
        return self.ready_file.exists()

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until it is ready; `PartFailed` if it ends or takes longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self.ready():
            self.check()
            if time.monotonic() > deadline:
                raise self.failed(f"was not ready after {timeout:.0f} s")
            time.sleep(0.02)

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self._running().returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit status."""
        return self._running().wait(timeout)

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        self._running().kill()

    def send_signal(self, number: int) -> None:
        """Send it a signal, e.g. SIGSTOP."""
        self._running().send_signal(number)

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Let it finish what is in flight and end."""
        self._running().stop(grace_s)

    def how_it_ended(self) -> str:
        """Say its exit status in words."""
        return exit_text(self.poll())

    def _running(self) -> Child:
        if self.child is None:
            raise RuntimeError(f"worker {self.name} has not been started")
        return self.child
