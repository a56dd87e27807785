"""Faust as its documentation has it: one agent that takes batches from its stream."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import faust

from bench.peers.contract import BATCH, Latest, Model, Place, parse, result

WITHIN_S = 0.005


def app_of(place: Place) -> Any:
    """Return the app with its agent."""
    app = faust.App(
        place.group, broker=f"kafka://{place.bootstrap}", web_enabled=False, topic_disable_leader=True,
        topic_allow_declare=False, consumer_auto_offset_reset="earliest", broker_commit_interval=1.0,
        broker_session_timeout=6.0, broker_heartbeat_interval=1.0, stream_wait_empty=False,
        stream_buffer_maxsize=8192, producer_linger=0.002, worker_redirect_stdouts=False,
    )  # fmt: skip
    source = app.topic(place.source, key_serializer="raw", value_serializer="raw")
    results = app.topic(place.results, key_serializer="raw", value_serializer="raw")
    model, latest = Model(place), Latest(place)

    @app.agent(source)
    async def score(stream: Any) -> None:
        async for values in stream.take(BATCH, within=WITHIN_S):
            facts = [parse(value) for value in values]
            risks = await asyncio.to_thread(model.score, facts)
            written = [result(fact, risk) for fact, risk in zip(facts, risks, strict=True)]
            for fact, value in zip(facts, written, strict=True):
                await results.send(key=fact.patient_id.encode(), value=value)
            await asyncio.to_thread(latest.write, facts, written)

    return app


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "-l", "warn"]
    app_of(Place.from_environment()).main()
