"""One started program: its process group, its log, and how it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.embedded import watchdog
from streams.embedded.leash import Leash


class Child:
    """A running program that leads a session of its own, so a stop reaches everything it started.

    A session of its own also means that neither Ctrl-C nor a hang-up of the user's terminal reaches it: only the stack
    decides when it ends.
    """

    def __init__(
        self, name: str, argv: Sequence[str | Path], log_path: Path, env: Mapping[str, str], leash: Leash
    ) -> None:
        self.name, self.log_path, self._leash = name, log_path, leash
        self._log_start = log_path.stat().st_size if log_path.exists() else 0
        with log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
                # Between fork and exec: were it held only once we know its number, a stack killed in that moment would
                # leave it behind. One write to a pipe is safe there.
                preexec_fn=leash.hold_caller,  # noqa: PLW1509
            )

    @property
    def pid(self) -> int:
        """Process id, and the id of its group."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """Exit status, minus the signal's number where one ended it; None while it runs."""
        return self._popen.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal to the program itself."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """Kill the program and everything it started, at once."""
        watchdog.kill_group(self.pid)
        self._popen.wait()
        self._leash.release(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; `subprocess.TimeoutExpired` after `timeout` seconds."""
        return self._popen.wait(timeout)

    def stop(self, grace_s: float) -> None:
        """Ask it to end, and kill what is left of it after `grace_s` seconds."""
        stop_all([self], grace_s)

    def tail(self, lines: int = 8) -> list[str]:
        """Return the last lines that this start of the program has logged."""
        with self.log_path.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 65_536))
            return log.read().decode("utf-8", "replace").strip().splitlines()[-lines:]


def stop_all(children: Sequence[Child], grace_s: float) -> None:
    """Ask all to end at the same time, then kill what is left of each after `grace_s` seconds in all."""
    for child in children:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            child.send_signal(signal.SIGCONT)  # one that is stopped would never see it
    deadline = time.monotonic() + grace_s
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
    for child in children:
        child.kill()


def exit_text(returncode: int | None) -> str:
    """Say an exit status in words, e.g. ``killed by SIGKILL``."""
    if returncode is None:
        return "still running"
    if returncode >= 0:
        return f"exit code {returncode}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-returncode).name}"
    return f"killed by signal {-returncode}"
