"""Which services a stack starts: its broker, Redis and Triton, less those that the user has already."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from streams.embedded.apache_kafka import ApacheKafka, why_not
from streams.embedded.part import Part, Place
from streams.embedded.redis_server import RedisServer
from streams.embedded.tansu import Tansu
from streams.embedded.triton import TritonServer
from streams.errors import ContractError
from streams.settings import Settings

BrokerChoice = Literal["auto", "kafka", "tansu"]
SERVICES: tuple[str, ...] = ("broker", "redis", "triton")


def build(
    place: Place, settings: Settings, broker: BrokerChoice, external: Collection[str], *, keep: bool = False
) -> list[Part]:
    """Return the services to start; `ContractError` where one of them cannot run here."""
    makers: dict[str, Callable[[], Part]] = {
        "broker": lambda: choose_broker(place, settings, broker, keep=keep),
        "redis": lambda: RedisServer(place),
        "triton": lambda: TritonServer(place, settings.model_repository),
    }
    return [makers[name]() for name in SERVICES if name not in external]


def choose_broker(place: Place, settings: Settings, broker: BrokerChoice, *, keep: bool) -> Part:
    """Return Apache Kafka where it can run and Tansu is not asked for, else Tansu."""
    home, reason = settings.kafka_home, why_not(settings.kafka_home)
    if broker == "kafka" and reason:
        raise ContractError(f"expected a machine that can run Apache Kafka: {reason}; or use `--broker tansu`")
    if broker != "tansu" and home is not None and not reason:
        return ApacheKafka(place, home, keep=keep)
    if keep:
        raise ContractError("the wheel's broker keeps nothing: `--keep` needs Apache Kafka (KAFKA_HOME and Java)")
    return Tansu(place)
