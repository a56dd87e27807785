"""Apache Kafka as one KRaft node on loopback, from a distribution that the user has (``KAFKA_HOME``)."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

from streams.embedded import ports
from streams.embedded.part import Part, Place
from streams.embedded.ports import LOOPBACK
from streams.embedded.tansu import KAFKA_PORT
from streams.provision import broker

JAVA_NEEDED = 17

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={controller}
listeners=PLAINTEXT://{address},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{address},CONTROLLER://{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""

# A small, quick Java for the one-second format step; $0 is the folder of Kafka's programs.
_SCRIPT = """\
set -e
if [ ! -f "$2/meta.properties" ]; then
  KAFKA_HEAP_OPTS=-Xmx128m KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto" \\
    "$0/kafka-storage.sh" format --standalone -t "$3" -c "$1"
fi
exec "$0/kafka-server-start.sh" "$1"
"""


def java_program() -> str | None:
    """Return the Java that Kafka's scripts would run, None where there is none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin") if home else None)


def java_version() -> int | None:
    """Return Java's major version, None where there is none or it does not say."""
    program = java_program()
    if program is None:
        return None
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(found.group(1)) if found else None


def why_not(kafka_home: Path | None) -> str:
    """Say why Apache Kafka cannot be run here; empty where it can."""
    if kafka_home is None:
        return "KAFKA_HOME is not set"
    if not (kafka_home / "bin" / "kafka-server-start.sh").is_file():
        return f"KAFKA_HOME={kafka_home} holds no bin/kafka-server-start.sh"
    version = java_version()
    if version is None:
        return "no working Java on the path"
    return "" if version >= JAVA_NEEDED else f"Java {version} is too old, Kafka needs {JAVA_NEEDED}"


class ApacheKafka(Part):
    """One broker that is its own controller; its data live in the run folder and go with each start unless kept."""

    name = "broker"
    advice = "see the log; `cardiostream doctor` checks Java and KAFKA_HOME; `up --broker tansu` does without Java"

    def __init__(self, place: Place, kafka_home: Path, *, keep: bool = False) -> None:
        super().__init__(place)
        self.bin = kafka_home.resolve() / "bin"
        self.folder = place.folder("kafka").resolve()
        if not keep:
            shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.pick_ports()

    def pick_ports(self) -> None:
        """Choose the broker's and the controller's port."""
        self.port, self.controller_port = self._choose(KAFKA_PORT), ports.free_port()

    @property
    def address(self) -> str:
        """Bootstrap server."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it, formatting its folder first where that is new."""
        data, properties = self.folder / "data", self.folder / "server.properties"
        controller = f"{LOOPBACK}:{self.controller_port}"
        properties.write_text(_PROPERTIES.format(address=self.address, controller=controller, data=data))
        # The distribution's own scripts would write their logs beside the distribution.
        env = {"LOG_DIR": str(self.place.folder("logs").resolve())}
        self._run(["sh", "-c", _SCRIPT, self.bin, properties, data, _cluster_id()], env)

    def ready(self) -> bool:
        """Tell whether it answers a metadata request."""
        return broker.answers(self.address)


def _cluster_id() -> str:
    # As kafka-storage.sh random-uuid writes it; a leading dash would read as an option.
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
