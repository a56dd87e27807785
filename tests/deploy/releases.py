"""Releases of the Helm chart, by default and with everything turned on, and what is in their pods."""

from __future__ import annotations

from typing import Any

import pytest

from streams.commands.worker import Name
from tests.deploy.chart import render

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
