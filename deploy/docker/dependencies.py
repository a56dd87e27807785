"""Prints the pinned dependencies of a ``pyproject.toml``, one a line, as pip takes them; no extras."""

import sys
import tomllib
from pathlib import Path


def dependencies(pyproject: Path) -> list[str]:
    """Return what `project.dependencies` names."""
    found: list[str] = tomllib.loads(pyproject.read_text("utf-8"))["project"]["dependencies"]
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(dependencies(Path(sys.argv[1]))) + "\n")
