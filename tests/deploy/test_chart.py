"""The Helm chart: valid for Kubernetes, hardened, and with everything for every worker."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest
import yaml

from streams import topics
from streams.commands.worker import Name
from streams.embedded.triton import STOCK_IMAGE
from streams.settings import Settings
from tests.deploy import chart
from tests.deploy.chart import Refused, named, render

KUBERNETES = ("1.29", "1.33")
"""Oldest and newest version that the rendered resources are held against."""
WORKERS = tuple(name.value for name in Name)
OF_KAFKA = {"kafka-password", "kafka-ca", "kafka-client"}
ALL_ON = {
    "kafka": {
        "security": "SASL_SSL",
        "user": "cardiostream",
        "passwordSecret": {"name": "kafka-password"},
        "caSecret": {"name": "kafka-ca"},
        "clientCertificateSecret": "kafka-client",
    },
    "keda": {"enabled": True, "triggerAuthentication": "kafka-user"},
    "monitoring": {"podMonitor": True, "rules": True},
    "ward": {"enabled": True},
    "redis": {"urlSecret": {"name": "redis-address"}},
    "files": {"fusion.toml": "version = 1\n"},
    "secretFiles": [
        {"secret": "pacs-token"},
        {"secret": "redis-ca", "for": "redis"},
        {"secret": "documents-token", "for": "documents"},
    ],
    "pacs": [{"name": "main", "url": "https://pacs.example/dicom-web", "token_file": "/run/secrets/pacs-token/token"}],
    "networkPolicy": {
        "pacs": [{"ipBlock": {"cidr": "192.0.2.10/32"}}],
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
    },
    "triton": {"gpu": {"enabled": True, "models": ["chest_heart_unet"], "runtimeClassName": "nvidia"}},
}
ON_GPU = {"triton": {"gpu": {"enabled": True, "engine": "tensorrt"}}}
KINDS_OF_OTHERS = {"ScaledObject", "PodMonitor", "PrometheusRule"}
"""Kinds that other projects add to a cluster, so Kubernetes has no schema of them."""

DEFAULT = render()
EVERYTHING = render(ALL_ON)


def pods(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the specification of each kind of pod by the name of what makes it."""
    found = {}
    for one in resources:
        if "template" in one.get("spec", {}):
            found[one["metadata"]["name"]] = one["spec"]["template"]["spec"]
    return found


def containers(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return every container by pod and name."""
    return {
        f"{name}/{one['name']}": one
        for name, pod in pods(resources).items()
        for one in [*pod.get("initContainers", []), *pod["containers"]]
    }


every_pod = pytest.mark.parametrize("pod", pods(EVERYTHING).values(), ids=pods(EVERYTHING).keys())
every_container = pytest.mark.parametrize("one", containers(EVERYTHING).values(), ids=containers(EVERYTHING).keys())
every_worker = pytest.mark.parametrize("name", WORKERS)


def test_helm_finds_nothing_to_complain_about() -> None:
    assert chart.lint() == []


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", [{}, ALL_ON, ON_GPU], ids=["default", "everything", "gpu"])
def test_every_resource_is_one_that_kubernetes_takes(version: str, values: dict[str, Any]) -> None:
    for resource in render(values):
        if resource["kind"] not in KINDS_OF_OTHERS:
            kubernetes_validate.validate(resource, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_would_be_found() -> None:
    [deployment] = [
        one for one in DEFAULT if one["metadata"]["name"].endswith("-cache") and one["kind"] == "Deployment"
    ]
    deployment = json.loads(json.dumps(deployment))
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePulPolicy"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)


def test_every_worker_is_deployed_and_no_other() -> None:
    deployed = {one["args"][1] for one in containers(DEFAULT).values() if one.get("args", [""])[0] == "worker"}
    assert deployed == set(WORKERS), "give a new worker a block below `workers` in the chart's values.yaml"


@every_worker
def test_a_worker_has_a_disruption_budget_and_a_network_policy(name: str) -> None:
    assert named(DEFAULT, "PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1
    assert named(DEFAULT, "NetworkPolicy", name)["spec"]["policyTypes"] == ["Ingress", "Egress"]


@every_worker
def test_a_worker_is_scaled_by_the_lag_of_its_own_group_to_at_most_its_partitions(name: str) -> None:
    spec = named(EVERYTHING, "ScaledObject", name)["spec"]
    [trigger] = spec["triggers"]
    assert trigger["authenticationRef"] == {"name": "kafka-user"}
    assert trigger["metadata"]["consumerGroup"] == getattr(topics, f"GROUP_{name.upper()}")
    assert spec["maxReplicaCount"] <= chart.values()["kafka"]["partitions"]
    target = named(EVERYTHING, spec["scaleTargetRef"]["kind"], name)
    assert spec["scaleTargetRef"]["name"] == target["metadata"]["name"]
    assert "replicas" not in target["spec"]


@every_worker
def test_its_probes_ask_for_progress_and_it_has_time_to_read_its_state_back(name: str) -> None:
    worker = containers(DEFAULT)[f"test-{name}/worker"]
    assert worker["livenessProbe"]["httpGet"] == {"path": "/live", "port": "metrics"}
    assert worker["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "metrics"}
    assert worker["startupProbe"]["httpGet"] == {"path": "/ready", "port": "metrics"}
    assert worker["startupProbe"]["periodSeconds"] * worker["startupProbe"]["failureThreshold"] >= 600


@every_worker
def test_it_gets_longer_to_end_than_it_takes(name: str) -> None:
    assert pods(DEFAULT)[f"test-{name}"]["terminationGracePeriodSeconds"] > Settings().stop_deadline_s


def test_bedside_is_a_static_member_named_by_its_pod_and_outlasts_a_restart() -> None:
    bedside = named(DEFAULT, "StatefulSet", "bedside")
    env = {one["name"]: one for one in bedside["spec"]["template"]["spec"]["containers"][0]["env"]}
    field = env["CARDIOSTREAM_GROUP_INSTANCE_ID"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert field == "metadata.name"
    assert float(env["CARDIOSTREAM_SESSION_TIMEOUT_S"]["value"]) > chart.values()["terminationGraceSeconds"]


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


def test_the_settings_of_the_config_map_are_settings_that_there_are() -> None:
    data = named(EVERYTHING, "ConfigMap", "")["data"]
    assert data.keys() <= {f"CARDIOSTREAM_{field.upper()}" for field in Settings.model_fields}
    assert all(isinstance(value, str) for value in data.values())


def test_they_are_read_as_they_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"retention_s": 1_209_600, "coalesce": False, "imaging_retry_delays_s": [1, 2, 3], "log_level": "warning"}
    for name, value in named(render({"settings": given}), "ConfigMap", "")["data"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.retention_s, settings.coalesce, settings.log_level) == (1_209_600.0, False, "warning")
    assert settings.imaging_retry_delays_s == (1.0, 2.0, 3.0)
    assert (settings.partitions, settings.replication_factor) == (24, 3)
    assert settings.triton_url == "dns:///test-triton.cs.svc:8001"


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
        ("ward", OF_KAFKA),
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


@every_worker
def test_the_files_of_a_site_are_mounted_in_every_worker_and_a_change_of_them_restarts_it(name: str) -> None:
    assert named(EVERYTHING, "ConfigMap", "files")["data"] == {"fusion.toml": "version = 1\n"}
    mount = {"name": "files", "mountPath": "/etc/cardiostream", "readOnly": True}
    assert mount in containers(EVERYTHING)[f"test-{name}/worker"]["volumeMounts"]
    assert mount not in containers(DEFAULT)[f"test-{name}/worker"]["volumeMounts"]
    marks = {mark(name, {"fusion.toml": text}) for text in ("version = 1", "version = 2")}
    assert len(marks) == 2


def mark(name: str, files: dict[str, str]) -> str:
    """Return the annotation of a worker's pods that stands for its settings and files."""
    worker = named(render({"files": files}), chart.values()["workers"][name]["kind"], name)
    found: str = worker["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
    return found


def test_no_secret_is_made_by_the_chart() -> None:
    assert [one for one in EVERYTHING if one["kind"] == "Secret"] == []


def test_topics_are_made_before_anything_else_and_not_by_what_a_hook_cannot_see() -> None:
    job = named(DEFAULT, "Job", "topics")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["topics", "create"]
    assert "envFrom" not in container
    settings = {one["name"]: one["value"] for one in container["env"]}
    assert settings == named(DEFAULT, "ConfigMap", "")["data"]
    jobs = [one for one in render({"topics": {"create": False}}) if one["kind"] == "Job"]
    assert [job["metadata"]["annotations"]["helm.sh/hook"] for job in jobs] == ["test"]


def test_the_ward_runs_only_where_it_is_asked_for() -> None:
    assert [one for one in DEFAULT if one["metadata"]["name"] == "test-ward"] == []
    arguments = containers(EVERYTHING)["test-ward/command"]["args"]
    assert arguments == ["simulate", "--patients", "20", "--hours", "12", "--speed", "600x"]


def test_triton_serves_the_models_of_the_workers_image() -> None:
    models, triton = containers(DEFAULT)["test-triton/models"], containers(DEFAULT)["test-triton/triton"]
    assert triton["image"].endswith(STOCK_IMAGE)
    assert models["image"] == containers(DEFAULT)["test-bedside/worker"]["image"]
    assert models["command"] == ["cp", "--recursive", "--no-target-directory", "/models", "/served/models"]
    assert "--model-repository=/served/models" in triton["args"]
    assert "nvidia.com/gpu" not in triton["resources"]["limits"]


def test_on_gpus_triton_asks_for_them_and_the_models_that_go_there_are_named() -> None:
    models, triton = containers(EVERYTHING)["test-triton/models"], containers(EVERYTHING)["test-triton/triton"]
    assert triton["resources"]["limits"]["nvidia.com/gpu"] == "1"
    words = ["python", "-m", "bench.gpu_repository", "--from", "/models", "--to", "/served/models"]
    assert models["command"] == [*words, "--engine", "cuda", "--models", "chest_heart_unet"]
    assert pods(EVERYTHING)["test-triton"]["runtimeClassName"] == "nvidia"


def test_the_engines_of_tensorrt_have_a_folder() -> None:
    triton = containers(render(ON_GPU))["test-triton/triton"]
    assert {"name": "engines", "mountPath": "/engines"} in triton["volumeMounts"]


def test_a_triton_of_one_s_own_is_used_instead() -> None:
    own = {"triton": {"enabled": False, "url": "triton.ml.svc:8001"}}
    resources = render(own)
    assert named(resources, "ConfigMap", "")["data"]["CARDIOSTREAM_TRITON_URL"] == "triton.ml.svc:8001"
    assert not [one for one in resources if one["metadata"]["name"].endswith("-triton")]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"kafka": {"partitions": 2}}, "workers.bedside.replicas: expected at most kafka.partitions (2), received 3"),
        (
            {"keda": {"enabled": True}, "kafka": {"partitions": 8}},
            "workers.bedside.keda.maxReplicas: expected at most kafka.partitions (8), received 12",
        ),
        ({"keda": {"enabled": True, "minReplicas": 5}}, "workers.imaging.keda.maxReplicas: expected at least"),
        ({"kafka": {"security": "SASL_SSL", "user": "me"}}, "kafka.passwordSecret.name: expected a Secret"),
        ({"kafka": {"security": "SASL_SSL", "passwordSecret": {"name": "s"}}}, "kafka.user: expected a user"),
        ({"triton": {"enabled": False}}, "triton.url: expected host:port of Triton"),
        ({"redis": {"url": "redis://:word@redis:6379/0"}}, "redis.url: expected no user or password in it"),
        ({"pacs": [{"name": "main", "password": "word"}]}, "pacs: expected password_file"),
        ({"image": {"tag": "latest"}}, "tag"),
        ({"triton": {"image": "nvcr.io/nvidia/tritonserver:latest"}}, "image"),
        ({"workers": {"bedside": {"kind": "DaemonSet"}}}, "kind"),
        ({"kafka": {"bootstrapServer": "kafka:9092"}}, "bootstrapServer"),
        ({"settings": {"retention_seconds": 5}}, "retention_seconds"),
        ({"settings": {"redis_url": "redis://:word@redis:6379/0"}}, "redis_url"),
        ({"metricsPort": "9100"}, "metricsPort"),
    ],
)
def test_values_that_cannot_work_are_refused_with_a_word_on_why(values: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as refused:
        render(values)
    assert told in str(refused.value)
    assert "word@" not in str(refused.value) or "settings" in values


def test_the_lag_of_as_many_partitions_as_workers_is_allowed() -> None:
    values = {"keda": {"enabled": True}, "kafka": {"partitions": 12}}
    assert named(render(values), "ScaledObject", "bedside")["spec"]["maxReplicaCount"] == 12


def test_what_the_prometheus_operator_gets_names_metrics_that_there_are() -> None:
    from streams import metrics

    rules = named(EVERYTHING, "PrometheusRule", "")["spec"]["groups"][0]["rules"]
    text = " ".join(rule["expr"] for rule in rules)
    assert metrics.DEGRADED._name in text
    assert f"{metrics.DEAD_LETTERS._name}_total" in text
    assert named(EVERYTHING, "PodMonitor", "")["spec"]["podMetricsEndpoints"][0]["path"] == "/metrics"
    assert yaml.safe_dump(rules)
