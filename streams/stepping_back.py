"""Leaving the processor to more urgent programs of the same machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_AUTOGROUP = Path("/proc/self/autogroup")


def step_back(niceness: int, autogroup: Path = _AUTOGROUP) -> int:
    """Step back by so much, and return how far this process has stepped back in all.

    Where Linux shares time among sessions first (sched(7), the autogroup feature, on in most distributions), niceness
    counts only within a session; a program that leads one, as every worker and decoder does, steps back with all of it.

    Parameters
    ----------
    niceness
        0 to 19; 0 passes what was inherited on to the session.
    """
    reached = os.nice(niceness)
    # No such feature here, or no right to it: plain niceness remains.
    with contextlib.suppress(OSError):
        autogroup.write_text(str(reached))
    return reached
