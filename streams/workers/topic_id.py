"""The id a broker gave a topic: another one means that the topic was made anew and its offsets start afresh."""

from __future__ import annotations

from kafka.admin import KafkaAdminClient

from streams.provision.security import secured
from streams.settings import Settings

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def topic_id(settings: Settings, topic: str) -> str:
    """Return the id of `topic`, or `UNKNOWN` where the broker does not tell."""
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers.split(","), **secured(settings))
    try:
        found = admin.describe_topics([topic])
    finally:
        admin.close()
    return str(found[0].get("topic_id") or UNKNOWN) if found else UNKNOWN
