"""The settings: a sentence each, frozen, overridable, and the page that lists them.

Refresh ``docs/settings.md`` after a change with ``python -m tests.unit.test_settings``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from streams import topics
from streams.errors import ContractError
from streams.settings import DocumentServer, Pacs, Settings, Source

PAGE = Path(__file__).parents[2] / "docs/settings.md"
FIELDS = [(model, name) for model in (Settings, Source, Pacs, DocumentServer) for name in model.model_fields]
REFRESH = "python -m tests.unit.test_settings"


def field_of(model: type[BaseModel], name: str) -> FieldInfo:
    return model.model_fields[name]


def variable_of(name: str) -> str:
    return str(Settings.model_fields[name].validation_alias or f"CARDIOSTREAM_{name.upper()}")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CARDIOSTREAM_") or name == "KAFKA_HOME"]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("model", "name"), FIELDS)
def test_every_field_has_a_sentence(model: type[BaseModel], name: str) -> None:
    sentence = field_of(model, name).description or ""
    assert sentence.endswith(".")
    assert sentence[:1].isupper() or sentence.startswith("read_committed")
    assert "\n\n" not in sentence


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_frozen(name: str) -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, getattr(settings, name))


def test_a_source_is_frozen_too() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().sources[0].name = "other"  # type: ignore[misc]


OVERRIDES: dict[str, tuple[str, Any]] = {
    "bootstrap_servers": ("kafka-1:9092,kafka-2:9092", "kafka-1:9092,kafka-2:9092"),
    "redis_url": ("redis://cache:6379/1", "redis://cache:6379/1"),
    "triton_url": ("dns:///triton:8001", "dns:///triton:8001"),
    "model_repository": ("/models", Path("/models")),
    "run_dir": ("/run/cardiostream", Path("/run/cardiostream")),
    "alerts": ("false", False),
    "alert_policy": ("/site/alerts.yaml", Path("/site/alerts.yaml")),
    "kafka_security": ("SASL_SSL", "SASL_SSL"),
    "kafka_sasl_mechanism": ("PLAIN", "PLAIN"),
    "kafka_ca_file": ("/run/ca.pem", Path("/run/ca.pem")),
    "kafka_client_certificate": ("/run/client.pem", Path("/run/client.pem")),
    "kafka_password_file": ("/run/password", Path("/run/password")),
    "kafka_client_key": ("/run/client.key", Path("/run/client.key")),
    "kafka_home": ("/opt/kafka", Path("/opt/kafka")),
    "fusion_file": ("/etc/cardiostream/fusion.toml", Path("/etc/cardiostream/fusion.toml")),
    "producer_idempotence": ("false", False),
    "coalesce": ("false", False),
    "early_view": ("false", False),
    "isolation_level": ("read_uncommitted", "read_uncommitted"),
    "sources": (
        '[{"name": "icu", "topic": "icu.fhir", "zone": "Europe/Berlin"}]',
        (Source(name="icu", topic="icu.fhir", zone="Europe/Berlin"),),
    ),
    "log_level": ("warning", "warning"),
    **{
        f"redis_{name}": ("/run/redis.pem", Path("/run/redis.pem"))
        for name in ("password_file", "ca_file", "client_certificate", "client_key")
    },
    "pacs": (
        '[{"name": "main", "url": "https://pacs.example/dicom-web", "token_file": "/run/token"}]',
        (Pacs(name="main", url="https://pacs.example/dicom-web", token_file=Path("/run/token")),),
    ),
    "imaging_retry_delays_s": ("[1, 2, 3]", (1.0, 2.0, 3.0)),
    "notes_retry_delays_s": ("[1, 2, 3]", (1.0, 2.0, 3.0)),
    "notes_deidentify": ("presidio", "presidio"),
    "document_servers": (
        '[{"name": "files", "url": "https://fhir.example/r4", "user": "me", "password_file": "/run/password"}]',
        (DocumentServer(name="files", url="https://fhir.example/r4", user="me", password_file=Path("/run/password")),),
    ),
}


def another_value(name: str) -> tuple[str, Any]:
    """A value in the environment, and what it is read as; others are one more than the default, or another word."""
    if name in OVERRIDES:
        return OVERRIDES[name]
    default = Settings.model_fields[name].default
    value = "other" if default is None or isinstance(default, str) else default + 1
    return str(value), value


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_can_be_overridden_in_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, value = another_value(name)
    assert getattr(Settings(), name) != value
    monkeypatch.setenv(variable_of(name), text)
    assert getattr(Settings(), name) == value
    assert Settings().model_fields_set == {name}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("partitions", "0"),
        ("partitions", "1025"),
        ("isolation_level", "anything"),
        ("log_level", "loud"),
        ("metrics_port", "70000"),
        ("session_timeout_s", "0"),
        ("flushes_in_flight", "9"),
        ("sources", '[{"name": "icu", "topic": "icu.fhir", "misspelt": true}]'),
        ("sources", '[{"name": "icu", "topic": "icu.fhir", "fhir_version": "R9"}]'),
        ("pacs", '[{"name": "main", "url": "https://me:secret@pacs.example/dicom-web"}]'),
        ("pacs", '[{"name": "main", "url": "file:///etc/passwd"}]'),
        ("pacs", '[{"name": "main", "url": "https://pacs.example/x?y=z"}]'),
        ("pacs", '[{"name": "main", "url": "https://pacs.example", "password": "in clear"}]'),
        ("imaging_retry_delays_s", "[1, 2]"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable_of(name), text)
    with pytest.raises(ValidationError):
        Settings()


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of mounted secrets, as containers have it."""
    monkeypatch.setenv("CARDIOSTREAM_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_setting_may_come_as_a_file(secrets: Path) -> None:
    (secrets / "cardiostream_redis_url").write_text("redis://:word@cache:6379/0\n")
    assert Settings().redis_url == "redis://:word@cache:6379/0"


def test_the_environment_goes_before_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "cardiostream_redis_url").write_text("redis://file:6379/0")
    monkeypatch.setenv("CARDIOSTREAM_REDIS_URL", "redis://environment:6379/0")
    assert Settings().redis_url == "redis://environment:6379/0"


def test_other_files_of_the_folder_are_left_alone(secrets: Path) -> None:
    (secrets / "redis.conf").write_text("requirepass word")
    assert Settings() == Settings(redis_url="redis://127.0.0.1:6379/0")


def test_a_folder_of_secrets_that_is_not_there_is_an_error(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOSTREAM_SECRETS_DIR", str(secrets / "elsewhere"))
    with pytest.raises(ContractError, match="expected a folder where CARDIOSTREAM_SECRETS_DIR points, found none"):
        Settings()


def test_unknown_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOSTREAM_DATA", "/data")
    assert Settings() == Settings()


def test_the_default_sources_read_declared_topics() -> None:
    assert [(s.name, s.topic, s.refuse_future) for s in Settings().sources] == [
        ("hospital", "fhir.observations", True),
        ("hospital", "fhir.patients", True),
        ("hospital", "fhir.encounters", True),
        ("hospital", "fhir.imaging", True),
        ("hospital", "fhir.notes", True),
        ("notes", "notes.raw", True),
        ("replay", "fhir.replay", False),
    ]
    assert {s.topic for s in Settings().sources} <= topics.BY_NAME.keys()


def test_everything_listens_and_connects_on_loopback_by_default() -> None:
    settings = Settings()
    assert settings.bootstrap_servers.startswith("127.0.0.1:")
    assert settings.redis_url.startswith("redis://127.0.0.1:")
    assert settings.triton_url.startswith("127.0.0.1:")
    assert settings.metrics_port == 0
    assert settings.metrics_address == "127.0.0.1"


def default_of(field: FieldInfo) -> str:
    """A default as it would be written in the environment; the sources are shown below the table."""
    if field.default_factory is not None:
        return "see below"
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "none"
    text = json.dumps(field.default) if isinstance(field.default, bool) else str(field.default)
    return f"`{text}`" if text else "empty"


def rows(model: type[BaseModel], names: dict[str, str]) -> list[str]:
    found = []
    for name, title in names.items():
        field = field_of(model, name)
        found.append(f"| `{title}` | {default_of(field)} | {' '.join((field.description or '').split())} |")
    return found


def page() -> str:
    """The page of all settings, written from the code."""
    sources = json.dumps([source.model_dump(exclude_defaults=True) for source in Settings().sources], indent=2)
    return "\n".join(
        [
            "# Settings",
            "",
            "Every process reads these environment variables; what is not set has its default. Generated from",
            f"`streams/settings.py` by `{REFRESH}`; a test fails where the two differ.",
            "",
            "What is secret may come as a file: `CARDIOSTREAM_SECRETS_DIR` names a folder in which a file named as",
            "the variable in small letters, such as `cardiostream_redis_url`, holds the value. The environment wins.",
            "",
            "| Variable | Default | What it says |",
            "| --- | --- | --- |",
            *rows(Settings, {name: variable_of(name) for name in Settings.model_fields}),
            "",
            "## Sources",
            "",
            "`CARDIOSTREAM_SOURCES` is a JSON list with one object per topic that the hospital writes:",
            "",
            "| Field | Default | What it says |",
            "| --- | --- | --- |",
            *rows(Source, {name: name for name in Source.model_fields}),
            "",
            "The default:",
            "",
            "```json",
            sources,
            "```",
            "",
            "## PACS",
            "",
            "`CARDIOSTREAM_PACS` is a JSON list with one object per PACS that images may be fetched from; none by",
            "default ([imaging](imaging.md)):",
            "",
            "| Field | Default | What it says |",
            "| --- | --- | --- |",
            *rows(Pacs, {name: name for name in Pacs.model_fields}),
            "",
            "## Document servers",
            "",
            "`CARDIOSTREAM_DOCUMENT_SERVERS` is a JSON list with one object per server that notes may be fetched from;",
            "none by default ([notes](notes.md)):",
            "",
            "| Field | Default | What it says |",
            "| --- | --- | --- |",
            *rows(DocumentServer, {name: name for name in DocumentServer.model_fields}),
            "",
        ]
    )


def test_the_page_of_settings_is_that_of_the_code() -> None:
    assert PAGE.read_text() == page(), f"refresh it with `{REFRESH}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_lists_every_setting_with_its_sentence(name: str) -> None:
    [line] = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{variable_of(name)}` |")]
    assert " ".join((Settings.model_fields[name].description or "none").split()) in line


if __name__ == "__main__":
    PAGE.write_text(page())
