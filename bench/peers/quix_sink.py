"""Quix Streams: a batching sink behind the source; its batches go to Triton, the topic and Redis."""

from __future__ import annotations

from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from bench.peers.confluent_batch import Publisher
from bench.peers.contract import BATCH, Model, Place, parse

COMMIT_S = 0.01
"""Seconds between checkpoints, at each of which the sink is flushed; short for latency."""


class Score(BatchingSink):
    """Scores each batch that a checkpoint flushes."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._model, self._publisher = Model(place), Publisher(place)

    def write(self, batch: SinkBatch) -> None:
        """Ask, produce and write in batches of the model's size."""
        for chunk in batch.iter_chunks(BATCH):
            facts = [parse(item.value) for item in chunk]
            self._publisher.publish(facts, self._model.score(facts))


def main() -> None:
    """Run until SIGTERM."""
    place = Place.from_environment()
    app = Application(
        place.bootstrap, consumer_group=place.group, auto_offset_reset="earliest", commit_interval=COMMIT_S,
        commit_every=BATCH, auto_create_topics=False, loglevel="WARNING",
        consumer_extra_config={"session.timeout.ms": 6000, "fetch.wait.max.ms": 20},
    )  # fmt: skip
    source = app.topic(place.source, key_deserializer="bytes", value_deserializer="bytes")
    app.dataframe(source).sink(Score(place))
    app.run()


if __name__ == "__main__":
    main()
