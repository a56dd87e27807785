"""Brokers that ask for TLS and a password: every worker and command gets through, a wrong password does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.commands.worker import Name
from streams.embedded import apache_kafka, ports
from streams.embedded.stack import Stack
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "cardiostream", "a-word-for-tests"
WORKERS = tuple(name.value for name in Name)

LISTENER = """\
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
listener.name.secure.ssl.keystore.type=PKCS12
listener.name.secure.ssl.keystore.location=KEYSTORE
listener.name.secure.ssl.keystore.password=changeit
listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_USER="PASSWORD";
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""

pytestmark = [pytest.mark.kafka, pytest.mark.embedded]


def keytool(*words: str | Path) -> None:
    """Run the JRE's tool for keys and certificates."""
    subprocess.run(["keytool", *words], check=True, capture_output=True)


class Secure:
    """A broker with a second listener that asks for TLS and a password."""

    def __init__(self, stack: Stack, folder: Path, port: int) -> None:
        self.stack, self.password = stack, folder / "password"
        self.say(PASSWORD)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CARDIOSTREAM_")},
            **stack.env,
            "CARDIOSTREAM_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
            "CARDIOSTREAM_KAFKA_SECURITY": "SASL_SSL",
            "CARDIOSTREAM_KAFKA_CA_FILE": str(folder / "ca.pem"),
            "CARDIOSTREAM_KAFKA_USER": USER,
            "CARDIOSTREAM_KAFKA_PASSWORD_FILE": str(self.password),
            # Of its own, or commands would find the stack's plain listener there.
            "CARDIOSTREAM_RUN_DIR": str(folder / "run"),
            "COLUMNS": "200",
        }

    def say(self, password: str) -> None:
        """Have every process started from now on give this password."""
        self.password.write_text(password)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project over the listener."""
        argv = [sys.executable, "-m", "streams.cli", *words]
        return subprocess.run(argv, env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("secure")
    keystore, port = folder / "keys.p12", ports.free_port()
    store = ("-keystore", keystore, "-storepass", "changeit", "-alias", "broker")
    name = ("-dname", "CN=broker", "-ext", "san=ip:127.0.0.1", "-validity", "2")
    keytool("-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12", *store, *name)
    keytool("-exportcert", "-rfc", "-file", folder / "ca.pem", *store)
    listener = LISTENER.replace("KEYSTORE", str(keystore)).replace("USER", USER).replace("PASSWORD", PASSWORD)
    place = f"PLAINTEXT://{{address}},SECURE://127.0.0.1:{port}"
    properties = apache_kafka._PROPERTIES.replace("PLAINTEXT://{address}", place) + listener.replace("{", "{{")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apache_kafka, "_PROPERTIES", properties)
        with Stack(folder / "stack", broker="kafka", model_repository=ROOT / "model_repo") as stack:
            add_scram_user(stack)
            yield Secure(stack, folder, port)


def add_scram_user(stack: Stack) -> None:
    home = Settings().kafka_home
    assert home is not None
    where = ["--bootstrap-server", stack.settings.bootstrap_servers, "--entity-type", "users", "--entity-name", USER]
    change = ["--alter", "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]"]
    subprocess.run([home / "bin/kafka-configs.sh", *where, *change], check=True, capture_output=True)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_topics_are_checked_by_either_mechanism(secure: Secure, mechanism: str) -> None:
    secure.env["CARDIOSTREAM_KAFKA_SASL_MECHANISM"] = mechanism
    told = secure.command("topics", "check")
    assert (told.returncode, "0 differences" in told.stdout) == (0, True), told.stderr


def test_a_wrong_password_is_refused_and_not_repeated(secure: Secure) -> None:
    secure.say("another-word")
    told = secure.command("topics", "check")
    secure.say(PASSWORD)
    assert told.returncode == 1
    assert "another-word" not in told.stdout + told.stderr


def test_certificates_that_nobody_trusts_are_refused(secure: Secure) -> None:
    trusted = secure.env.pop("CARDIOSTREAM_KAFKA_CA_FILE")
    told = secure.command("topics", "check")
    secure.env["CARDIOSTREAM_KAFKA_CA_FILE"] = trusted
    assert told.returncode == 1


def test_a_ward_is_scored_and_every_record_is_accounted_for(secure: Secure) -> None:
    workers = [secure.stack.start_worker(name, secure.env) for name in WORKERS]
    for worker in workers:
        worker.wait_ready(90)
    fed = secure.command("simulate", "--patients", "3", "--hours", "2")
    assert fed.returncode == 0, fed.stderr
    assert secure.command("dlq", "list").returncode == 0
    counted = secure.command("verify")
    assert counted.returncode == 0, counted.stdout + counted.stderr
    shown = secure.command("watch", "--once")
    assert (shown.returncode, "sim-0001" in shown.stdout) == (0, True), shown.stderr
    logs = "".join(worker.log_path.read_text("utf-8") for worker in workers)
    assert PASSWORD not in logs + fed.stdout + counted.stdout + shown.stdout
