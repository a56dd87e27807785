"""A bedside worker that dies by SIGKILL between the state's write and the result, once."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Sequence

from streams import topics
from streams.settings import Settings
from streams.transport.produce import Out, Producer
from streams.workers import bedside

_send = Producer.send


async def _send_state_then_die(self: Producer, records: Sequence[Out]) -> Awaitable[None]:
    pieces = [record for record in records if record.topic == topics.STATE]
    if len(pieces) == len(records):
        return await _send(self, records)
    await (await _send(self, pieces))
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


Producer.send = _send_state_then_die  # type: ignore[method-assign]
asyncio.run(bedside.run(Settings()))
