"""The Helm chart: valid for Kubernetes, hardened, and with everything for every worker."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bench import sizing
from streams import topics
from streams.embedded.triton import STOCK_IMAGE
from streams.settings import Settings
from streams.workers.notes import work as notes_work
from tests.deploy import chart
from tests.deploy.chart import Refused, named, render
from tests.deploy.releases import (
    ALL_ON,
    DEFAULT,
    EVERYTHING,
    KINDS_OF_OTHERS,
    KUBERNETES,
    ON_GPU,
    WORKERS,
    containers,
    every_worker,
    pods,
)

OWN_TRITON = {"enabled": False, "url": "triton.ml.svc:8001"}


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


def test_without_lag_a_stateful_set_keeps_the_pods_that_its_memory_asks_for() -> None:
    values = {"keda": {"enabled": True, "minReplicas": 2}, "workers": {"bedside": {"replicas": 5}}}
    resources = render(values)
    least = {name: named(resources, "ScaledObject", name)["spec"]["minReplicaCount"] for name in WORKERS}
    assert least == {"bedside": 5, "cache": 2, "imaging": 2, "normalise": 2, "notes": 2}
    values["keda"]["minReplicas"] = 4
    values["workers"]["bedside"]["replicas"] = 3
    assert named(render(values), "ScaledObject", "bedside")["spec"]["minReplicaCount"] == 4
    assert "test-bedside (StatefulSet, 4 to 12 by lag)" in chart.notes(values)


def test_a_pod_of_bedside_gets_the_memory_that_the_capacity_plan_counts_on_and_more_than_the_mean() -> None:
    memory = {kind: one["memory"] for kind, one in chart.values()["workers"]["bedside"]["resources"].items()}
    mib = {kind: 1024 * int(size.removesuffix("Gi")) for kind, size in memory.items()}
    assert mib["requests"] >= sizing.WORKER_MIB
    assert mib["limits"] >= 1.25 * sizing.WORKER_MIB


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
    assert [one for one in DEFAULT if "ward" in one["metadata"]["name"]] == []
    arguments = containers(EVERYTHING)["test-ward-1/command"]["args"]
    assert arguments == ["simulate", "--patients", "20", "--hours", "12", "--speed", "600x"]


def test_no_upgrade_changes_a_job_whose_template_cannot_be_changed() -> None:
    jobs = [
        {one["metadata"]["name"] for one in render(ALL_ON, revision) if one["kind"] == "Job" and not is_hook(one)}
        for revision in (1, 2)
    ]
    assert jobs == [{"test-ward-1"}, {"test-ward-2"}]


def is_hook(resource: dict[str, Any]) -> bool:
    """Tell whether Helm makes it anew each time, and takes away the one before it."""
    notes = resource["metadata"].get("annotations", {})
    return "helm.sh/hook" in notes and "before-hook-creation" in notes["helm.sh/hook-delete-policy"]


def test_triton_serves_the_models_of_the_workers_image() -> None:
    models, triton = containers(DEFAULT)["test-triton/models"], containers(DEFAULT)["test-triton/triton"]
    assert triton["image"].endswith(STOCK_IMAGE)
    assert models["image"] == containers(DEFAULT)["test-bedside/worker"]["image"]
    assert models["command"] == ["cp", "--recursive", "--no-target-directory", "/models", "/served/models"]
    assert "--model-repository=/served/models" in triton["args"]
    assert "nvidia.com/gpu" not in triton["resources"]["limits"]


def test_connections_to_triton_end_so_that_pods_that_come_later_are_found_and_no_call_is_cut_off() -> None:
    found = dict(word.split("=") for word in containers(DEFAULT)["test-triton/triton"]["args"])
    assert found["--grpc-max-connection-age"] == "60000"
    longest_ms = 1000 * max(Settings().inference_deadline_ms / 1000, notes_work._INFERENCE_S)
    assert int(found["--grpc-max-connection-age-grace"]) > longest_ms


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
    there = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ml"}}}]
    resources = render({"triton": OWN_TRITON, "networkPolicy": {"triton": there}})
    assert named(resources, "ConfigMap", "")["data"]["CARDIOSTREAM_TRITON_URL"] == "triton.ml.svc:8001"
    assert not [one for one in resources if one["metadata"]["name"].endswith("-triton")]
    egress = named(resources, "NetworkPolicy", "bedside")["spec"]["egress"]
    assert {"to": there, "ports": [{"port": 8001, "protocol": "TCP"}]} in egress


def test_without_network_policies_nobody_has_to_say_where_a_triton_of_one_s_own_is() -> None:
    resources = render({"triton": OWN_TRITON, "networkPolicy": {"enabled": False}})
    assert named(resources, "ConfigMap", "")["data"]["CARDIOSTREAM_TRITON_URL"] == "triton.ml.svc:8001"


@pytest.mark.parametrize(
    ("servers", "policy", "told"),
    [
        ("pacs", "pacs", "lets the imaging worker reach it: set networkPolicy.pacs"),
        (
            "documentServers",
            "documents",
            "lets the notes worker reach it: set networkPolicy.documents",
        ),
    ],
)
def test_who_names_a_server_that_the_policies_keep_out_of_reach_is_told(servers: str, policy: str, told: str) -> None:
    given = {servers: [{"name": "main", "url": "https://there.example/r4"}]}
    assert told in chart.notes(given)
    assert told not in chart.notes({**given, "networkPolicy": {policy: [{"ipBlock": {"cidr": "192.0.2.30/32"}}]}})
    assert told not in chart.notes({})


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
        (
            {"triton": OWN_TRITON},
            "networkPolicy.triton: expected where the Triton at triton.url (triton.ml.svc",
        ),
        (
            {"keda": {"enabled": True}, "workers": {"bedside": {"replicas": 13}}},
            "workers.bedside.keda.maxReplicas: expected at least the least pods (13: keda.minReplicas",
        ),
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
