"""The Helm chart hardened: pods that can do little, calls allowed one by one, secrets where they are needed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.chart import named
from tests.deploy.releases import (
    DEFAULT,
    EVERYTHING,
    OF_KAFKA,
    WORKERS,
    containers,
    every_container,
    every_pod,
    pods,
)


@every_pod
def test_a_pod_is_not_root_has_no_token_and_a_seccomp_profile(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert all(volume.keys() - {"name"} <= {"emptyDir", "secret", "configMap"} for volume in pod["volumes"])
    assert all("sizeLimit" in volume["emptyDir"] for volume in pod["volumes"] if "emptyDir" in volume)


@every_container
def test_a_container_can_write_nothing_but_its_own_folders_and_gain_nothing(one: dict[str, Any]) -> None:
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }


@every_container
def test_a_container_has_requests_and_limits(one: dict[str, Any]) -> None:
    assert {"cpu", "memory"} <= one["resources"]["requests"].keys()
    assert {"cpu", "memory"} <= one["resources"]["limits"].keys()


@every_container
def test_an_image_is_pinned(one: dict[str, Any]) -> None:
    assert one["image"].rpartition(":")[2][:1].isdigit()


@every_container
def test_no_container_has_a_secret_in_its_environment(one: dict[str, Any]) -> None:
    assert "CARDIOSTREAM_REDIS_URL" not in {variable["name"] for variable in one.get("env", [])}
    assert not any("secretKeyRef" in str(variable) for variable in one.get("env", []))


def test_everything_is_denied_and_every_pod_is_spoken_for() -> None:
    deny = named(EVERYTHING, "NetworkPolicy", "deny")["spec"]
    assert deny == {"podSelector": deny["podSelector"], "policyTypes": ["Ingress", "Egress"]}
    chosen = deny["podSelector"]["matchLabels"]
    policies = [one["spec"]["podSelector"]["matchLabels"] for one in EVERYTHING if one["kind"] == "NetworkPolicy"]
    for one in EVERYTHING:
        labels = one["spec"]["template"]["metadata"]["labels"] if "template" in one.get("spec", {}) else {}
        if labels:
            assert chosen.items() <= labels.items()
            assert sum("app.kubernetes.io/component" in p and p.items() <= labels.items() for p in policies) == 1


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("normalise", {9092}),
        ("bedside", {9092, 6379, 8001}),
        ("cache", {9092, 6379}),
        ("imaging", {9092, 8001, 443}),
        ("notes", {9092, 8001}),
        ("topics", {9092}),
        ("ward", {9092}),
        ("triton", set()),
        ("dns", {53}),
    ],
)
def test_who_may_call_whom(name: str, ports: set[int]) -> None:
    egress = named(EVERYTHING, "NetworkPolicy", name)["spec"]["egress"]
    assert {port["port"] for rule in egress for port in rule["ports"]} == ports
    assert all(rule["to"] for rule in egress)


def test_without_a_pacs_in_the_policies_imaging_reaches_none() -> None:
    egress = named(DEFAULT, "NetworkPolicy", "imaging")["spec"]["egress"]
    assert {port["port"] for rule in egress for port in rule["ports"]} == {9092, 8001}


def test_nobody_is_let_in_but_the_readers_of_metrics_and_callers_of_triton() -> None:
    ingress = {
        one["metadata"]["name"].removeprefix("test-"): [port["port"] for rule in found for port in rule["ports"]]
        for one in EVERYTHING
        if one["kind"] == "NetworkPolicy" and (found := one["spec"].get("ingress"))
    }
    assert ingress == {**{name: [9100] for name in WORKERS}, "triton": [8001, 8002]}
    assert [one for one in DEFAULT if one["kind"] == "NetworkPolicy" and one["spec"].get("ingress")] == [
        named(DEFAULT, "NetworkPolicy", "triton")
    ]


def mounted(name: str) -> set[str]:
    """Secrets that a worker's pod mounts."""
    return {volume["secret"]["secretName"] for volume in pods(EVERYTHING)[name]["volumes"] if "secret" in volume}


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("normalise", OF_KAFKA),
        ("bedside", {*OF_KAFKA, "redis-address", "redis-ca"}),
        ("cache", {*OF_KAFKA, "redis-address", "redis-ca"}),
        ("imaging", {*OF_KAFKA, "pacs-token"}),
        ("notes", {*OF_KAFKA, "documents-token"}),
        ("topics", OF_KAFKA),
        ("ward-1", OF_KAFKA),
        ("triton", set()),
    ],
)
def test_a_secret_goes_to_who_calls_what_it_is_for(name: str, secrets: set[str]) -> None:
    assert mounted(f"test-{name}") == secrets


def test_the_user_of_kafka_is_a_setting_and_the_password_a_file() -> None:
    data = named(EVERYTHING, "ConfigMap", "")["data"]
    assert {name: value for name, value in data.items() if "KAFKA" in name} == {
        "CARDIOSTREAM_KAFKA_SECURITY": "SASL_SSL",
        "CARDIOSTREAM_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "CARDIOSTREAM_KAFKA_USER": "cardiostream",
        "CARDIOSTREAM_KAFKA_PASSWORD_FILE": "/run/secrets/kafka-user/password",
        "CARDIOSTREAM_KAFKA_CA_FILE": "/run/secrets/kafka-ca/ca.crt",
        "CARDIOSTREAM_KAFKA_CLIENT_CERTIFICATE": "/run/secrets/kafka-client/tls.crt",
        "CARDIOSTREAM_KAFKA_CLIENT_KEY": "/run/secrets/kafka-client/tls.key",
    }
    mounts = {one["name"]: one["mountPath"] for one in containers(EVERYTHING)["test-topics/command"]["volumeMounts"]}
    assert mounts == {
        "tmp": "/tmp",
        "kafka-user": "/run/secrets/kafka-user",
        "kafka-ca": "/run/secrets/kafka-ca",
        "kafka-client": "/run/secrets/kafka-client",
    }


def test_the_address_of_redis_is_read_from_its_file() -> None:
    assert "CARDIOSTREAM_REDIS_URL" not in named(EVERYTHING, "ConfigMap", "")["data"]
    worker = containers(EVERYTHING)["test-cache/worker"]
    assert {"name": "CARDIOSTREAM_SECRETS_DIR", "value": "/run/secrets/cardiostream"} in worker["env"]
    [volume] = [one for one in pods(EVERYTHING)["test-cache"]["volumes"] if one["name"] == "settings-secrets"]
    assert volume["secret"]["items"] == [{"key": "cardiostream_redis_url", "path": "cardiostream_redis_url"}]
    assert volume["secret"]["defaultMode"] == 0o440


def test_no_secret_is_made_by_the_chart() -> None:
    assert [one for one in EVERYTHING if one["kind"] == "Secret"] == []
