"""Triton on loopback from the wheel ``nvidia-pytriton``, serving the same model folder as the stock image.

The stock image that takes the same ``model_repo/`` unchanged, on CPU or GPU, is `STOCK_IMAGE`: the wheel's server is
version 2.51.0, released as 24.10. There, ``backend: "onnxruntime"`` is Triton's own backend (ONNX Runtime 1.19); here
it is the python-based backend in ``triton_backends/onnxruntime``.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import sys
import sysconfig
import uuid
from pathlib import Path

from streams.embedded import ports, programs, watchdog
from streams.embedded.part import Part, Place
from streams.embedded.ports import LOOPBACK
from streams.errors import ContractError
from streams.inference.manifest import Manifest
from streams.inference.repository import load_any, names

STOCK_IMAGE = "tritonserver:24.10-py3"
"""Name and tag of the image whose server version equals the wheel's."""
SERVER_VERSION = "2.51.0"
GRPC_PORT = 8001
_BACKENDS = Path(__file__).parent / "triton_backends"
_TELLING = re.compile(r"^E\d{4} |UNAVAILABLE|^error|[Ee]xception")


def python_version() -> str:
    """Version of the running Python as the wheel names its stubs, e.g. ``3.11``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


class TritonServer(Part):
    """One Triton with its gRPC, HTTP and metrics ports on loopback."""

    name = "triton"
    advice = (
        "if a model failed to load, mend or export it again; else run `cardiostream doctor`; or use your own Triton: "
        "CARDIOSTREAM_TRITON_URL and `up --external triton`"
    )

    def __init__(self, place: Place, model_repository: Path) -> None:
        super().__init__(place)
        if not model_repository.is_dir():
            raise ContractError(
                f"expected the model repository at {model_repository}, found no folder; run from the project's root or "
                "set CARDIOSTREAM_MODEL_REPOSITORY"
            )
        self.model_repository = model_repository.resolve()
        self.shared_memory = f"cardiostream_{uuid.uuid4().hex[:12]}_"
        place.leash.hold_shared_memory(self.shared_memory)
        self.pick_ports()

    def pick_ports(self) -> None:
        """Choose the gRPC, HTTP and metrics ports."""
        self.port = self._choose(GRPC_PORT)
        self.http_port, self.metrics_port = ports.free_port(), ports.free_port()

    @property
    def address(self) -> str:
        """Host:port of gRPC, as clients take it."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def http_address(self) -> str:
        """Host:port of HTTP, for health checks."""
        return f"{LOOPBACK}:{self.http_port}"

    @property
    def metrics_address(self) -> str:
        """Host:port of its Prometheus metrics."""
        return f"{LOOPBACK}:{self.metrics_port}"

    def start(self) -> None:
        """Start it; every model of the repository is loaded, one that cannot be ends it."""
        argv: list[str | Path] = [
            programs.triton_server(),
            f"--model-repository={self.model_repository}",
            f"--backend-directory={backend_directory(self.place.folder('triton').resolve())}",
            f"--backend-config=python,shm-region-prefix-name={self.shared_memory}",
            f"--http-address={LOOPBACK}",
            f"--http-port={self.http_port}",
            f"--grpc-address={LOOPBACK}",
            f"--grpc-port={self.port}",
            f"--metrics-address={LOOPBACK}",
            f"--metrics-port={self.metrics_port}",
            "--allow-gpu-metrics=false",
            "--allow-cpu-metrics=false",
            "--model-control-mode=none",
            "--strict-readiness=true",
            "--exit-timeout-secs=5",
            # No GPU is used here, so nothing has to be pinned for one.
            "--pinned-memory-pool-byte-size=0",
        ]
        self._run(argv, {**environment(), "CARDIOSTREAM_STEPPING_BACK": ",".join(slow_models(self.model_repository))})

    def ready(self) -> bool:
        """Tell whether the server, every model of the repository and its metrics, which come last, are ready."""
        return _answers(self.http_port, "/v2/health/ready") and _answers(self.metrics_port, "/metrics")

    def reason(self) -> list[str]:
        """Return what its log says about models that failed, else its last lines."""
        lines = self.child.tail(200) if self.child else []
        telling = [line[:400] for line in lines if _TELLING.search(line) and "Cuda" not in line and "NVML" not in line]
        return telling[-6:] or lines[-8:]

    def clean_up(self) -> None:
        """Remove the shared memory that a killed server leaves."""
        watchdog.remove_shared_memory(self.shared_memory)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def slow_models(model_repository: Path) -> list[str]:
    """Return the models of films and notes, which step back before those of vital signs."""
    return [name for name in names(model_repository) if _is_slow(model_repository, name)]


def _is_slow(model_repository: Path, name: str) -> bool:
    try:
        return not isinstance(load_any(model_repository, name), Manifest)
    except ContractError:
        # What is wrong with a manifest is said by the worker that needs it; Triton reads none.
        return False


def environment() -> dict[str, str]:
    """Return the variables with which the server finds its libraries and the stub the running Python and numpy."""
    libraries = [str(programs.triton_libraries()), sysconfig.get_config_var("LIBDIR") or ""]
    old = os.environ.get("LD_LIBRARY_PATH", "")
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "LD_LIBRARY_PATH": os.pathsep.join(path for path in [*libraries, old] if path),
    }


def backend_directory(folder: Path) -> Path:
    """Build the folder of backends: Triton's for Python with the right stub, and ours named ``onnxruntime``.

    Copies, since Triton refuses a backend whose real path lies outside the folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "python"
    python.mkdir(parents=True)
    shared = programs.package_folder("pytriton", "nvidia-pytriton") / "tritonserver" / "backends" / "python"
    for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
        shutil.copy2(shared / name, python / name)
    shutil.copy2(programs.triton_stub(python_version()), python)
    ours = folder / "onnxruntime"
    ours.mkdir()
    shutil.copy2(_BACKENDS / "onnxruntime" / "model.py", ours)
    return folder
