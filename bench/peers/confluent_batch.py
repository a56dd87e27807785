"""confluent-kafka, the plain loop: consume a batch, ask Triton, produce, write Redis, again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from confluent_kafka import Consumer, Message, Producer

from bench.peers.contract import BATCH, Latest, Model, Place, exit_on_sigterm, parse, result
from bench.peers.window import Fact

WAIT_S = 0.002
"""Longest that a batch is gathered; 2 ms give the lowest latency at little cost."""


def consumer_of(place: Place) -> Consumer:
    """Return a subscribed consumer that commits by itself."""
    consumer = Consumer(
        {
            "bootstrap.servers": place.bootstrap,
            "group.id": place.group,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 1000,
            "session.timeout.ms": 6000,
            "fetch.wait.max.ms": 20,
            "queued.min.messages": 20_000,
        }
    )
    consumer.subscribe([place.source])
    return consumer


def producer_of(place: Place) -> Producer:
    """Return a producer that lingers for 2 ms and partitions as Java does."""
    return Producer({"bootstrap.servers": place.bootstrap, "linger.ms": 2, "partitioner": "murmur2_random"})


def facts_of(messages: Iterable[Message]) -> list[Fact]:
    """Read a batch; what is an error of one partition is left out."""
    return [parse(message.value()) for message in messages if message.error() is None]


class Publisher:
    """Hands a batch's results on, to the topic and to Redis."""

    def __init__(self, place: Place) -> None:
        self._topic, self._producer, self._latest = place.results, producer_of(place), Latest(place)

    def publish(self, facts: Sequence[Fact], risks: Sequence[float]) -> None:
        """Produce without waiting; the producer's own thread sends."""
        results = [result(fact, risk) for fact, risk in zip(facts, risks, strict=True)]
        for fact, value in zip(facts, results, strict=True):
            self._producer.produce(self._topic, value, fact.patient_id.encode())
        self._producer.poll(0)
        self._latest.write(facts, results)

    def close(self) -> None:
        """Send what is buffered."""
        self._producer.flush(5)


def main() -> None:
    """Run until SIGTERM."""
    exit_on_sigterm()
    place = Place.from_environment()
    consumer, model, publisher = consumer_of(place), Model(place), Publisher(place)
    try:
        while True:
            facts = facts_of(consumer.consume(BATCH, WAIT_S))
            if facts:
                publisher.publish(facts, model.score(facts))
    finally:
        publisher.close()
        consumer.close()


if __name__ == "__main__":
    main()
