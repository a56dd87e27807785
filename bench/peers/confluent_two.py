"""confluent-kafka with two batches in flight: the next one is read and asked about while Triton answers the last."""

from __future__ import annotations

from collections import deque
from typing import Any

from bench.peers.confluent_batch import WAIT_S, Publisher, consumer_of
from bench.peers.contract import BATCH, Model, Place, exit_on_sigterm, parse
from bench.peers.window import Fact

IN_FLIGHT = 2


def main() -> None:
    """Run until SIGTERM."""
    exit_on_sigterm()
    place = Place.from_environment()
    consumer, model, publisher = consumer_of(place), Model(place), Publisher(place)
    asked: deque[tuple[list[Fact], Any]] = deque()
    try:
        while True:
            messages = consumer.consume(BATCH, 0 if asked else WAIT_S)
            facts = [parse(message.value()) for message in messages if message.error() is None]
            if facts:
                asked.append((facts, model.ask(facts)))
            if asked and (not facts or len(asked) == IN_FLIGHT):
                oldest, answer = asked.popleft()
                publisher.publish(oldest, model.risks(answer.result()))
    finally:
        publisher.close()
        consumer.close()


if __name__ == "__main__":
    main()
