"""The compose file as Docker Compose itself reads it, and the containers that it makes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


class Container(NamedTuple):
    """What is run: arguments of the image's entry point, and the environment."""

    name: str
    arguments: tuple[str, ...]
    env: dict[str, str]


def program(name: str) -> str:
    """Return the path of a program of the extra ``deploy``."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"expected {name} beside this Python: install the extra `deploy`"
    return found


@cache
def resolved(**variables: str) -> dict[str, Any]:
    """Return the project, every profile of it, with variables, anchors and defaults resolved; no daemon is asked."""
    argv = [program("docker-compose"), "--file", str(COMPOSE), "--profile", "*", "config", "--format", "json"]
    told = subprocess.run(argv, env={"HOME": "/nonexistent", **variables}, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name."""
    found: dict[str, dict[str, Any]] = resolved()["services"]
    return found


def ours() -> dict[str, Container]:
    """Return the containers of our own image; a variable that is passed on and that nobody sets is none."""
    return {
        name: Container(name, tuple(one["command"]), {n: v for n, v in one["environment"].items() if v is not None})
        for name, one in services().items()
        if one["image"].startswith("cardiostream:")
    }
