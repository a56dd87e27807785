"""Changes of a model's modes on the bus: audited, written, and waited for until every partition is judged by them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import TopicPartition

from streams import topics
from streams.clock import Clock
from streams.modes.reading import read_audit, read_modes
from streams.modes.standing import Standing
from streams.records import Mode, ModelModes, ModesApplied
from streams.settings import Settings
from streams.transport.produce import Out, Producer
from streams.transport.reading import read_on, read_to_end, reading

_encode = msgspec.json.Encoder().encode
_AUDIT = TopicPartition(topics.MODELS_AUDIT, 0)
PAUSE_S = 0.2

Change = Callable[[dict[str, Mode], Sequence[ModelModes]], dict[str, Mode]]
"""The modes that stand, and every change of this model so far, to the modes that follow."""


class Written(msgspec.Struct, frozen=True):
    """A change as it stands on the bus."""

    record: ModelModes
    offset: int
    """On `control.models`."""
    overtaken: bool
    """Whether somebody else changed this model at the same time, so that it follows from other modes than it says."""


async def standing_of(settings: Settings) -> Standing:
    """Return what stands on `control.models` now."""
    async with reading(settings, "cardiostream-modes") as consumer:
        return Standing().followed_by(read_modes(await read_to_end(consumer, topics.MODELS, 0)))


async def history_of(settings: Settings, model: str = "") -> list[ModelModes]:
    """Return every change that was ever asked for, oldest first, of one model or of all."""
    async with reading(settings, "cardiostream-modes") as consumer:
        return _changes(await read_to_end(consumer, topics.MODELS_AUDIT, 0), model)


def _changes(records: Iterable[Any], model: str) -> list[ModelModes]:
    return [one for one in read_audit(records) if isinstance(one, ModelModes) and model in ("", one.model)]


async def change(
    settings: Settings, model: str, shipped: str, to: Change, *, by: str, why: str, clock: Clock
) -> Written:
    """Audit a change and then write it; nothing is written where it is refused.

    Parameters
    ----------
    shipped
        The version that the model's folder names.
    to
        What is to become of the modes.
    by, why
        Who asks, and the reason, for the audit; never anything of a patient.

    Raises
    ------
    RejectedMessage
        Where `to` refuses.
    RetryableError
        Where the broker does not take it; whether it stands is then seen by `models list`.
    """
    async with reading(settings, "cardiostream-modes") as consumer, _producing(settings) as producer:
        before = Standing().followed_by(read_modes(await read_to_end(consumer, topics.MODELS, 0)))
        was = dict(before.modes(model, shipped))
        modes = to(was, _changes(await read_to_end(consumer, topics.MODELS_AUDIT, 0), model))
        record = ModelModes(model, modes, was, str(uuid.uuid4()), clock.now(), by, why)
        key, value = model.encode(), _encode(record)
        await (await producer.send([Out(topics.MODELS_AUDIT, 0, key, value)]))
        await (await producer.send([Out(topics.MODELS, 0, key, value)]))
        written = read_modes(await read_to_end(consumer, topics.MODELS, 0))
    # Found by its id, for a broker that had a batch already does not say where it stands.
    offset = next(at for at, one in written if one.change == record.change)
    overtaken = any(before.offset < at < offset and one.model == model for at, one in written)
    return Written(record, offset, overtaken)


@asynccontextmanager
async def _producing(settings: Settings) -> Any:
    producer = Producer(settings, "cardiostream-modes")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def waiting_partitions(
    settings: Settings,
    offset: int,
    wait_s: float,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[int]:
    """Wait until every partition is judged by what stands at an offset of `control.models`; return those that are not.

    Parameters
    ----------
    wait_s
        Seconds after which those that have not given word are returned; none means that all have.
    """
    missing, end = set(range(settings.partitions)), monotonic() + wait_s
    async with reading(settings, "cardiostream-modes") as consumer:
        records = await read_to_end(consumer, topics.MODELS_AUDIT, 0)
        while True:
            words = [one for one in read_audit(records) if isinstance(one, ModesApplied)]
            missing -= {word.partition for word in words if word.offset >= offset}
            if not missing or monotonic() >= end:
                return sorted(missing)
            await pause(PAUSE_S)
            records = await read_on(consumer, _AUDIT)
