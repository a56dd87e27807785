"""Work that is abandoned on its way: it comes again, and nothing may be said of it."""

from __future__ import annotations

import asyncio


def raise_if_abandoned(error: Exception) -> None:
    """Raise CancelledError where the running task is cancelled: what fails on the way out is no fault of its record.

    Parameters
    ----------
    error
        What hid the cancellation.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
