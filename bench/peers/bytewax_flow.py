"""Bytewax: one dataflow from source to sink; the worker's batches go to Triton as they come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main
from confluent_kafka import OFFSET_BEGINNING

from bench.peers.contract import BATCH, Latest, Model, Place, parse, result


def flow_of(place: Place) -> Dataflow:
    """Return the dataflow."""
    model, latest = Model(place), Latest(place)

    def score(messages: list[KafkaSourceMessage[Any, Any]]) -> list[Any]:
        sent: list[Any] = []
        for start in range(0, len(messages), BATCH):
            facts = [parse(message.value) for message in messages[start : start + BATCH]]
            written = [result(fact, risk) for fact, risk in zip(facts, model.score(facts), strict=True)]
            latest.write(facts, written)
            sent += [KafkaSinkMessage(f.patient_id.encode(), value) for f, value in zip(facts, written, strict=True)]
        return sent

    flow = Dataflow("peer")
    source: Any = KafkaSource(
        [place.bootstrap], [place.source], tail=True, starting_offset=OFFSET_BEGINNING, batch_size=BATCH,
        add_config={"fetch.wait.max.ms": "20"},
    )  # fmt: skip
    messages = op.input("in", flow, source)
    scored = op.flat_map_batch("score", messages, score)
    config = {"linger.ms": "2", "partitioner": "murmur2_random"}
    kop.output("out", scored, brokers=[place.bootstrap], topic=place.results, add_config=config)
    return flow


if __name__ == "__main__":
    cli_main(flow_of(Place.from_environment()), epoch_interval=timedelta(seconds=1))
