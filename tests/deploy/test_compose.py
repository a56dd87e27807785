"""The compose file keeps the specification and what a hospital may expect of it."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, validators

from streams.commands.worker import Name
from streams.doors import usual_sources
from streams.embedded.triton import STOCK_IMAGE
from streams.settings import SECRETS_DIR, Settings
from tests.deploy import compose

SERVICES = compose.services()
OURS = compose.ours()
STAYING = {name for name, one in SERVICES.items() if one.get("restart") == "unless-stopped"}
OTHERS = {"kafka", "redis", "triton"}

every = pytest.mark.parametrize("name", SERVICES)


def problems(document: dict[str, Any]) -> list[str]:
    """What the Compose Specification's schema, as the pinned package carries it, finds wrong."""
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    checker = validators.validator_for(schema, default=Draft202012Validator)
    return [f"{error.json_path}: {error.message}" for error in checker(schema).iter_errors(document)]


def test_it_keeps_the_compose_specification() -> None:
    assert problems(yaml.safe_load(compose.COMPOSE.read_text("utf-8"))) == []


def test_the_specification_refuses_a_word_that_it_does_not_know() -> None:
    document = yaml.safe_load(compose.COMPOSE.read_text("utf-8"))
    document["services"]["kafka"]["restrat"] = "always"
    assert len(problems(document)) == 1


def test_every_worker_has_a_service_and_no_service_runs_another() -> None:
    workers = {one.arguments[1] for one in OURS.values() if one.arguments[0] == "worker"}
    assert workers == {name.value for name in Name}, "give a new worker a service in docker-compose.yml"
    assert all(OURS[name].arguments == ("worker", name) for name in workers)


@every
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert tag[:1].isdigit()


def test_triton_is_the_stock_image_that_the_models_are_made_for() -> None:
    assert SERVICES["triton"]["image"].endswith(STOCK_IMAGE)


@every
def test_privileges_are_dropped(name: str) -> None:
    one = SERVICES[name]
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert not one.keys() & {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "userns_mode"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"kafka"}))
def test_nobody_is_root_and_the_root_file_system_is_read_only(name: str) -> None:
    # Apache Kafka's image runs as a user of its own, and writes its configuration where it lies.
    user = SERVICES[name]["user"].split(":")[0]
    assert int(user) > 0
    assert SERVICES[name]["read_only"] is True


@every
def test_cpu_memory_and_processes_are_limited(name: str) -> None:
    assert SERVICES[name]["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}


@every
def test_ports_are_on_loopback_alone(name: str) -> None:
    assert all(port["host_ip"] == "127.0.0.1" for port in SERVICES[name].get("ports", []))


@every
def test_logs_are_bounded(name: str) -> None:
    assert SERVICES[name]["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


def test_only_what_must_leaves_the_inner_network() -> None:
    assert compose.resolved()["networks"]["inside"]["internal"] is True
    assert {name for name, one in SERVICES.items() if one["networks"].keys() != {"inside"}} == {
        *OTHERS,
        "imaging",
        "notes",
    }


def test_all_that_stays_is_asked_how_it_fares_but_what_only_looks() -> None:
    assert {name for name in STAYING if "healthcheck" in SERVICES[name]} == STAYING
    assert {*OTHERS, *(name.value for name in Name)} == STAYING


@pytest.mark.parametrize("name", [name.value for name in Name])
def test_a_worker_starts_when_topics_redis_and_triton_are_there(name: str) -> None:
    waits = {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}
    assert waits == {
        "topics": "service_completed_successfully",
        "redis": "service_healthy",
        "triton": "service_healthy",
    }
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "streams.health", "ready"]


def test_topics_are_made_when_the_broker_listens_and_again_until_it_serves() -> None:
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy", "required": True}}
    assert SERVICES["topics"]["restart"] == "on-failure"
    assert OURS["topics"].arguments == ("topics", "create")


@pytest.mark.parametrize("name", OURS)
def test_a_container_gets_settings_that_there_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {f"CARDIOSTREAM_{field.upper()}" for field in Settings.model_fields} | {SECRETS_DIR}
    assert OURS[name].env.keys() <= known
    for variable, value in OURS[name].env.items():
        if variable != SECRETS_DIR:
            monkeypatch.setenv(variable, value)
    assert Settings().bootstrap_servers == "kafka:9092"
    assert (Settings().sources, Settings().pacs, Settings().document_servers) == (usual_sources(), (), ())


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("variable", ["CARDIOSTREAM_SOURCES", "CARDIOSTREAM_PACS", "CARDIOSTREAM_DOCUMENT_SERVERS"])
def test_what_a_site_says_of_its_doors_and_servers_reaches_every_container(name: str, variable: str) -> None:
    said = '[{"name": "main", "url": "https://there.example/r4"}]'
    services = compose.resolved(**{variable: said})["services"]
    assert services[name]["environment"][variable] == said


def test_no_environment_holds_a_secret_and_the_password_goes_to_who_uses_the_view() -> None:
    assert not any("CARDIOSTREAM_REDIS_URL" in one.env for one in OURS.values())
    mounted = {name: {s["target"] for s in one["secrets"]} for name, one in SERVICES.items() if "secrets" in one}
    assert mounted == {
        "redis": {"/run/secrets/redis.conf"},
        **{name: {"/run/secrets/cardiostream_redis_url"} for name in ("bedside", "cache", "watch")},
    }
    assert {name for name, one in OURS.items() if SECRETS_DIR in one.env} == {"bedside", "cache", "watch"}


def test_the_simulated_ward_and_the_tools_do_not_start_by_themselves() -> None:
    assert {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one} == {
        "ward": ["ward"],
        "watch": ["tools"],
    }


def test_a_worker_gets_longer_to_end_than_it_takes() -> None:
    for name in Name:
        assert int(SERVICES[name.value]["stop_grace_period"].removesuffix("s")) > Settings().stop_deadline_s


def test_the_passwords_of_redis_and_of_its_readers_are_made_once_and_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make = ["sh", str(compose.ROOT / "deploy/docker/make-secrets"), str(folder)]
    assert subprocess.run(make, capture_output=True, text=True, check=True).stdout == f"written: {folder}\n"
    password = (folder / "redis.conf").read_text().removeprefix("requirepass ").strip()
    assert len(password) == 48
    assert (folder / "cardiostream_redis_url").read_text() == f"redis://:{password}@redis:6379/0"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert subprocess.run(make, capture_output=True, text=True, check=True).stdout == f"there already: {folder}\n"
    assert password in (folder / "redis.conf").read_text()


def test_the_secrets_are_the_files_that_the_script_makes() -> None:
    wanted = {name: Path(one["file"]) for name, one in compose.resolved()["secrets"].items()}
    folder = compose.ROOT / "deploy/docker/secrets"
    assert wanted == {name: folder / name for name in ("cardiostream_redis_url", "redis.conf")}
    assert "deploy/docker/secrets/" in (compose.ROOT / ".gitignore").read_text().splitlines()
