"""What clients of the brokers are told about security."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import pytest

import streams
from streams.errors import ContractError
from streams.provision.security import secured
from streams.settings import Settings


def test_by_default_nothing_is_said() -> None:
    assert secured(Settings()) == {}


def test_over_tls_names_and_certificates_are_checked() -> None:
    given = secured(Settings(kafka_security="SSL"))
    assert given.keys() == {"security_protocol", "ssl_context"}
    assert given["security_protocol"] == "SSL"
    assert given["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert given["ssl_context"].check_hostname is True


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """A file as secrets are mounted, with the line's end that editors leave."""
    path = tmp_path / "password"
    path.write_text("word\n")
    return path


def test_a_user_gives_a_password_by_scram_unless_told_otherwise(password: Path) -> None:
    settings = Settings(kafka_security="SASL_PLAINTEXT", kafka_user="cardiostream", kafka_password_file=password)
    assert secured(settings) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "cardiostream",
        "sasl_plain_password": "word",
    }
    assert secured(settings.model_copy(update={"kafka_sasl_mechanism": "PLAIN"}))["sasl_mechanism"] == "PLAIN"


@pytest.mark.parametrize(("user", "has_file", "told"), [("", True, "no user"), ("me", False, "no password")])
def test_half_a_login_is_an_error(user: str, has_file: bool, told: str, password: Path) -> None:
    given = Settings(kafka_security="SASL_SSL", kafka_user=user, kafka_password_file=password if has_file else None)
    with pytest.raises(ContractError, match=f"received {told}; set CARDIOSTREAM_KAFKA_USER"):
        secured(given)


def test_a_password_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    given = Settings(kafka_security="SASL_SSL", kafka_user="me", kafka_password_file=tmp_path / "missing")
    with pytest.raises(ContractError, match="received FileNotFoundError; see that it can be read"):
        secured(given)


@pytest.mark.parametrize("field", ["kafka_ca_file", "kafka_client_certificate"])
def test_a_file_that_is_not_there_or_holds_no_certificate_is_an_error(field: str, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        with pytest.raises(ContractError, match="expected PEM files"):
            secured(Settings(**{"kafka_security": "SSL", field: path}))


def test_every_module_that_connects_to_the_brokers_asks_here() -> None:
    package = Path(streams.__file__).parent
    sources = {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in package.rglob("*.py")}
    connecting = {
        name for name, text in sources.items() if re.search(r"Kafka\w*(Consumer|Producer|Client)\($", text, re.M)
    }
    connecting |= {name for name, text in sources.items() if re.search(r"Kafka\w*(Consumer|Producer|Client)\(\w", text)}
    # It is given what its callers ask for.
    assert {name for name in connecting if "secured(" not in sources[name]} == {"provision/broker.py"}
    assert len(connecting) >= 8
