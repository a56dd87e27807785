"""The stack's end of the watchdog: what is held here dies with the stack."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from streams.embedded import watchdog


class Leash:
    """Holds process groups and shared memory for removal, should this process vanish."""

    def __init__(self) -> None:
        # -I -S: no site packages, so that it starts in 15 ms and stays small.
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Process id of the watchdog."""
        return self._popen.pid

    def hold_caller(self) -> None:
        """Have the process group that the calling process leads killed when the stack is gone."""
        if self._popen.stdin is not None:
            os.write(self._popen.stdin.fileno(), b"hold %d\n" % os.getpid())

    def release(self, group: int) -> None:
        """Forget a process group that has been stopped."""
        self._tell(f"release {group}")

    def hold_shared_memory(self, prefix: str) -> None:
        """Have the shared memory files with this prefix removed when this process is gone."""
        self._tell(f"shm {prefix}")

    def close(self) -> None:
        """End the watchdog; whatever is still held is killed now."""
        if self._popen.stdin is not None:
            with contextlib.suppress(OSError):
                self._popen.stdin.close()
        self._popen.wait(timeout=10)

    def _tell(self, line: str) -> None:
        stdin = self._popen.stdin
        if stdin is not None and not stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                stdin.write(line + "\n")
                stdin.flush()
