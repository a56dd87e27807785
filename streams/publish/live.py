"""Live updates over Redis' pub/sub: word of each score that became a patient's latest, for all and by ward.

Pub/sub keeps nothing: who subscribes reads the ranking first, and again after a break in the connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from streams.clock import Instant
from streams.publish import keys
from streams.records import Standing


class Update(msgspec.Struct, frozen=True):
    """A patient's latest score has changed; the whole of it stands under the patient's key."""

    patient_id: str
    level: Standing
    index: float | None
    as_of: Instant
    version: str
    """``ce_id`` of the score."""
    ward: str
    """Where the patient lies now; a ward that was left is told, too."""
    bed: str


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Update).decode


async def updates(redis: Any, ward: str = "") -> AsyncIterator[Update]:
    """Yield what changes from now on, of one ward where it is named; ends never by itself.

    Parameters
    ----------
    redis
        From `streams.publish.redis_client.client`; of a cluster any node's own client, for every node hears all.
    """
    subscription = redis.pubsub(ignore_subscribe_messages=True)
    try:
        await subscription.subscribe(keys.ward_updates(ward) if ward else keys.UPDATES)
        while True:
            message = await subscription.get_message(timeout=None)
            if message is not None and message["type"] == "message":
                yield _decode(message["data"])
    finally:
        await subscription.aclose()
