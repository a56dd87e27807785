"""How clients of Kafka prove who they are and see whom they speak to: TLS, client certificates, SASL.

The words are those of Kafka's own clients (Apache Kafka documentation, section 7, Security).
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from streams.errors import ContractError
from streams.settings import Settings


def secured(settings: Settings) -> dict[str, Any]:
    """Return the arguments that every client of the brokers gets, aiokafka's and kafka-python's alike.

    Raises
    ------
    ContractError
        Where a user or password is missing, or a file cannot be read.
    """
    protocol = settings.kafka_security
    arguments: dict[str, Any] = {} if protocol == "PLAINTEXT" else {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        arguments["ssl_context"] = _context(settings)
    if protocol.startswith("SASL"):
        if not settings.kafka_user or settings.kafka_password_file is None:
            missing = "no password" if settings.kafka_user else "no user"
            raise ContractError(
                f"{protocol}: expected a user and a file with the password, received {missing}; set "
                "CARDIOSTREAM_KAFKA_USER and CARDIOSTREAM_KAFKA_PASSWORD_FILE"
            )
        arguments |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": _password(settings.kafka_password_file),
        }
    return arguments


def _password(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(
            f"expected text in kafka_password_file, received {type(error).__name__}; see that it can be read"
        ) from error


def _context(settings: Settings) -> ssl.SSLContext:
    """Return what checks the brokers' certificates and names, and shows ours where there is one."""
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_client_certificate is not None:
            context.load_cert_chain(settings.kafka_client_certificate, settings.kafka_client_key)
    except (OSError, ssl.SSLError) as error:
        raise ContractError(
            f"expected PEM files in kafka_ca_file, kafka_client_certificate and kafka_client_key, "
            f"received {type(error).__name__}; see that they are mounted and readable"
        ) from error
    return context
