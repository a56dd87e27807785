"""aiokafka, pipelined: one task reads and asks, another finishes the batches in order, two calls in flight."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import Any

import grpc  # type: ignore[import-untyped]
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from redis.asyncio import Redis

from bench.peers.contract import BATCH, GRPC_OPTIONS, Place, Question, parse, result
from bench.peers.window import Fact
from streams.inference import wire

IN_FLIGHT = 2

Asked = tuple[list[Fact], Any]


class Peer:
    """Reads, asks and publishes."""

    def __init__(self, place: Place) -> None:
        self.place, self.question = place, Question(place)
        channel = grpc.aio.insecure_channel(place.triton_url, options=GRPC_OPTIONS)
        self.call = channel.unary_unary(wire.METHOD)
        self.redis = Redis.from_url(place.redis_url)
        self.consumer = AIOKafkaConsumer(
            place.source, bootstrap_servers=place.bootstrap, group_id=place.group, auto_offset_reset="earliest",
            auto_commit_interval_ms=1000, session_timeout_ms=6000, heartbeat_interval_ms=1000, fetch_max_wait_ms=20,
        )  # fmt: skip
        self.producer = AIOKafkaProducer(bootstrap_servers=place.bootstrap, linger_ms=2, max_batch_size=256 * 1024)
        self.asked: asyncio.Queue[Asked] = asyncio.Queue(IN_FLIGHT - 1)

    async def read(self) -> None:
        """Ask about what comes; the queue holds back what would be too many calls."""
        while True:
            fetched = await self.consumer.getmany(timeout_ms=20, max_records=BATCH)
            facts = [parse(record.value) for records in fetched.values() for record in records]
            if facts:
                await self.asked.put((facts, self.call(self.question.request(facts))))

    async def finish(self) -> None:
        """Publish in the order of asking."""
        while True:
            facts, answer = await self.asked.get()
            risks = self.question.risks(await answer)
            results = [result(fact, risk) for fact, risk in zip(facts, risks, strict=True)]
            for fact, value in zip(facts, results, strict=True):
                await self.producer.send(self.place.results, value, fact.patient_id.encode())
            await self.remember(facts, results)

    async def remember(self, facts: list[Fact], results: list[bytes]) -> None:
        """Write the last result of each patient to Redis."""
        newest = {fact.patient_id: (fact.at, value) for fact, value in zip(facts, results, strict=True)}
        async with self.redis.pipeline(transaction=False) as pipeline:
            for patient_id, (at, value) in newest.items():
                pipeline.hset(f"risk:{{{patient_id}}}:latest", mapping={"as_of": at, "json": value})
            await pipeline.execute()

    async def run(self) -> None:
        """Run until SIGTERM."""
        await self.producer.start()
        await self.consumer.start()
        tasks = [asyncio.create_task(self.read()), asyncio.create_task(self.finish())]
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: [task.cancel() for task in tasks])
        try:
            with suppress(asyncio.CancelledError):  # how SIGTERM ends it
                await asyncio.gather(*tasks)
        finally:
            await self.consumer.stop()
            await self.producer.stop()


async def main() -> None:
    """Run on this process' loop."""
    await Peer(Place.from_environment()).run()


if __name__ == "__main__":
    asyncio.run(main())
