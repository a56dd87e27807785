"""The compose file, read as a tool would read it, and the containers that it makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


class Container(NamedTuple):
    """What is run: arguments of the image's entry point, and the environment."""

    name: str
    arguments: tuple[str, ...]
    env: dict[str, str]


def read() -> dict[str, Any]:
    """Return the file with its variables at their defaults."""
    found: dict[str, Any] = _interpolated(yaml.safe_load(COMPOSE.read_text("utf-8")))
    return found


def _interpolated(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _interpolated(one) for name, one in node.items()}
    if isinstance(node, list):
        return [_interpolated(one) for one in node]
    return _VARIABLE.sub(r"\2", node) if isinstance(node, str) else node


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name."""
    found: dict[str, dict[str, Any]] = read()["services"]
    return found


def ours() -> dict[str, Container]:
    """Return the containers of our own image."""
    return {
        name: Container(name, tuple(one["command"]), one["environment"])
        for name, one in services().items()
        if one["image"].startswith("cardiostream:")
    }
