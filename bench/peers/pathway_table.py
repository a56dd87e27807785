"""Pathway: a table of messages, a batched function over it, and the topic as its output.

Pathway hands rows to a function in no order, so each call sorts its own by clinical time, and what another call has
overtaken does not go to Redis.
"""

from __future__ import annotations

import pathway as pw

from bench.peers.contract import BATCH, Latest, Model, Place, parse, result
from bench.peers.window import Fact

COMMIT_MS = 10
WHOLE = 1_000_000
"""Rows per call of the function: a whole minibatch, so that it can be sorted."""


def main() -> None:
    """Run until SIGTERM."""
    place = Place.from_environment()
    model, latest = Model(place), Latest(place)
    newest: dict[str, int] = {}

    def of_batch(facts: list[Fact]) -> list[bytes]:
        written = [result(fact, risk) for fact, risk in zip(facts, model.score(facts), strict=True)]
        keep = [k for k, fact in enumerate(facts) if fact.at >= newest.get(fact.patient_id, 0)]
        newest.update((facts[k].patient_id, facts[k].at) for k in keep)
        latest.write([facts[k] for k in keep], [written[k] for k in keep])
        return written

    @pw.udf(max_batch_size=WHOLE, deterministic=True)
    def score(values: list[bytes]) -> list[tuple[bytes, bytes]]:
        facts = [parse(value) for value in values]
        order = sorted(range(len(facts)), key=lambda k: facts[k].at)
        written: dict[int, bytes] = {}
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            written.update(zip(chosen, of_batch([facts[k] for k in chosen]), strict=True))
        return [(fact.patient_id.encode(), written[k]) for k, fact in enumerate(facts)]

    read = {
        "bootstrap.servers": place.bootstrap, "group.id": place.group, "auto.offset.reset": "earliest",
        "session.timeout.ms": "6000", "fetch.wait.max.ms": "20",
    }  # fmt: skip
    messages = pw.io.kafka.read(read, topic=place.source, format="raw", autocommit_duration_ms=COMMIT_MS)
    scored = messages.select(both=score(pw.this.data))
    table = scored.select(key=pw.this.both[0], data=pw.this.both[1])
    write = {"bootstrap.servers": place.bootstrap, "linger.ms": "2", "partitioner": "murmur2_random"}
    pw.io.kafka.write(table, write, topic_name=place.results, format="raw", key=table.key, value=table.data)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main()
