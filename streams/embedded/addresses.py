"""How other commands find a running stack: ``addresses.json`` in the run folder, valid while its lock is held."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from streams.errors import ContractError
from streams.settings import Settings

_FILE, _LOCK = "addresses.json", "lock"


def acquire(run_dir: Path) -> IO[str]:
    """Take the run folder for one stack; the lock goes with the process, however that ends."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = (run_dir / _LOCK).open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise ContractError(
            f"another stack is running in {run_dir}; stop it, or give this one a folder of its own with "
            "CARDIOSTREAM_RUN_DIR"
        ) from error
    return handle


def is_running(run_dir: Path) -> bool:
    """Tell whether a stack holds the run folder now."""
    try:
        with (run_dir / _LOCK).open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def write(run_dir: Path, content: dict[str, Any]) -> None:
    """Write the addresses in one step, readable by this user only."""
    draft = run_dir / f"{_FILE}.draft"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(content, handle, indent=2)
    draft.replace(run_dir / _FILE)


def read(run_dir: Path) -> dict[str, Any]:
    """Return the addresses of the stack running there; empty where none runs."""
    if not is_running(run_dir):
        return {}
    try:
        content: dict[str, Any] = json.loads((run_dir / _FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content


def remove(run_dir: Path) -> None:
    """Forget the addresses of a stack that has stopped."""
    (run_dir / _FILE).unlink(missing_ok=True)


def connect(settings: Settings) -> Settings:
    """Return the settings pointing at the stack that runs in their run folder.

    What the user set explicitly stays; where no stack runs there, nothing changes.
    """
    found = read(settings.run_dir).get("settings", {})
    return updated(settings, {k: v for k, v in found.items() if k not in settings.model_fields_set})


def updated(settings: Settings, values: dict[str, Any]) -> Settings:
    """Return the settings with some values replaced, each checked as if it came from the environment."""
    if unknown := values.keys() - Settings.model_fields.keys():
        raise ContractError(f"expected names of settings, received {sorted(unknown)}")
    aliases = {name: str(field.validation_alias or name) for name, field in Settings.model_fields.items()}
    checked = Settings(**{aliases[name]: value for name, value in values.items()})
    return settings.model_copy(update={name: getattr(checked, name) for name in values})


def as_environment(settings: Settings, names: set[str]) -> dict[str, str]:
    """Return environment variables that give another process these settings."""
    content = settings.model_dump(mode="json", include=names, exclude_none=True)
    return {_variable(name): value if isinstance(value, str) else json.dumps(value) for name, value in content.items()}


def _variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias) if alias else f"CARDIOSTREAM_{name.upper()}"
