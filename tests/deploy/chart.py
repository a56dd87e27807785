"""The Helm chart as Helm's own library renders it, without a cluster."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

from tests.deploy.compose import Container

CHART = Path(__file__).parents[2] / "deploy/helm/cardiostream"
RELEASE, NAMESPACE = "test", "cs"
Resource = dict[str, Any]


class Refused(Exception):
    """Helm renders nothing of these values, and says why."""


@cache
def _loaded() -> helm_python.Chart:
    return helm_python.Chart.load(CHART)


@cache
def values() -> dict[str, Any]:
    """Return the default values."""
    found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    return found


def render(given: dict[str, Any] | None = None, revision: int = 1) -> list[Resource]:
    """Return the resources of a release with these values in place of defaults; `Refused` where they cannot be."""
    texts = [text for path, text in sorted(_files(given or {}, revision).items()) if path.endswith(".yaml")]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def notes(given: dict[str, Any]) -> str:
    """Return what Helm says after an install with these values."""
    [found] = [text for path, text in _files(given, 1).items() if path.endswith("NOTES.txt")]
    return found


def _files(given: dict[str, Any], revision: int) -> dict[str, str]:
    try:
        _loaded().validate_schema(_loaded().merge_values(given))
        found: dict[str, str] = _loaded().render(given, name=RELEASE, namespace=NAMESPACE, revision=revision)
    except helm_python.HelmError as error:
        raise Refused(str(error)) from error
    return found


def lint() -> list[str]:
    """Return what ``helm lint --strict`` says, but for that a chart may have an icon."""
    report = helm_python.lint(CHART, strict=True)
    said = [f"{one['path']}: {one['error']}" for one in report["messages"]] + list(report["errors"])
    return [line for line in said if "icon is recommended" not in line]


def named(resources: list[Resource], kind: str, name: str) -> Resource:
    """Return the one resource of this kind and name; the name without the release's, empty for the release itself."""
    whole = f"{RELEASE}-{name}" if name else RELEASE
    [found] = [one for one in resources if (one["kind"], one["metadata"]["name"]) == (kind, whole)]
    return found


def containers(given: dict[str, Any]) -> dict[str, Container]:
    """Return the containers of our own image that a release runs, the environment put together as the kubelet does.

    By the name of what makes them, without those of the release and of its revision.
    """
    resources = render(given)
    shared = named(resources, "ConfigMap", "")["data"]
    found = {}
    for one in resources:
        pod = one.get("spec", {}).get("template", {}).get("spec")
        name = one["metadata"]["name"].removeprefix(f"{RELEASE}-").removesuffix("-1")
        if pod and name != "triton":
            [container] = pod["containers"]
            found[name] = Container(name, tuple(container["args"]), _environment(container, shared, f"{name}-0"))
    return found


def _environment(container: dict[str, Any], shared: dict[str, str], pod: str) -> dict[str, str]:
    env = dict(shared) if "envFrom" in container else {}
    for one in container.get("env", []):
        env[one["name"]] = one.get("value", pod)
    return env
