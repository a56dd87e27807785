import json
from pathlib import Path

import pytest

from streams.embedded import addresses
from streams.errors import ContractError
from streams.settings import Settings

RUNNING = {"settings": {"bootstrap_servers": "127.0.0.1:4242", "linger_ms": 20, "producer_idempotence": False}}


def test_commands_find_the_running_stack(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    with addresses.acquire(tmp_path):
        addresses.write(tmp_path, RUNNING)
        found = addresses.connect(settings)
    assert (found.bootstrap_servers, found.linger_ms, found.producer_idempotence) == ("127.0.0.1:4242", 20, False)
    assert found.run_dir == tmp_path


def test_what_the_user_set_in_the_environment_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOSTREAM_BOOTSTRAP_SERVERS", "kafka.ward:9092")
    with addresses.acquire(tmp_path):
        addresses.write(tmp_path, RUNNING)
        found = addresses.connect(Settings(run_dir=tmp_path))
    assert found.bootstrap_servers == "kafka.ward:9092"
    assert found.linger_ms == 20


def test_addresses_of_a_stack_that_is_gone_are_not_believed(tmp_path: Path) -> None:
    addresses.acquire(tmp_path).close()
    addresses.write(tmp_path, RUNNING)
    settings = Settings(run_dir=tmp_path)
    assert addresses.connect(settings) == settings


def test_no_run_folder_means_no_stack(tmp_path: Path) -> None:
    assert not addresses.is_running(tmp_path / "none")
    assert addresses.read(tmp_path / "none") == {}


def test_a_run_folder_holds_one_stack(tmp_path: Path) -> None:
    with addresses.acquire(tmp_path), pytest.raises(ContractError, match="another stack is running"):
        addresses.acquire(tmp_path)


def test_addresses_are_readable_by_their_user_only(tmp_path: Path) -> None:
    addresses.write(tmp_path, RUNNING)
    assert (tmp_path / "addresses.json").stat().st_mode & 0o077 == 0


def test_values_are_checked_as_the_environment_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="partitions"):
        addresses.updated(Settings(), {"partitions": 0})


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ContractError, match=r"received \['patitions'\]"):
        addresses.updated(Settings(), {"patitions": 6})


def test_an_environment_made_from_settings_gives_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = addresses.updated(
        Settings(),
        {"partitions": 3, "kafka_home": tmp_path, "producer_idempotence": False, "redis_url": "redis://127.0.0.1:1/0"},
    )
    for name, value in addresses.as_environment(settings, set(Settings.model_fields)).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_sources_travel_as_json() -> None:
    text = addresses.as_environment(Settings(), {"sources"})["CARDIOSTREAM_SOURCES"]
    assert [source["name"] for source in json.loads(text)] == [*["hospital"] * 5, "notes", "replay"]
