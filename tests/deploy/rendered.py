"""Writes the chart as it is rendered, for tools that read files: ``python -m tests.deploy.rendered --to FOLDER``.

Two releases: as by default, and with everything that values can turn on; both with images by digest, as a site names
them.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import yaml

from tests.deploy.chart import render
from tests.deploy.releases import ALL_ON

DIGEST = "sha256:" + "0" * 64
PINNED = {"image": {"digest": DIGEST, "pullPolicy": "Always"}}
TRITON = {"image": f"nvcr.io/nvidia/tritonserver:24.10-py3@{DIGEST}"}


def main() -> None:
    """Write one file per release."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True)
    target: Path = parser.parse_args().to
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, values in {"default": {}, "everything": ALL_ON}.items():
        sited = {**values, **PINNED, "triton": {**values.get("triton", {}), **TRITON}}
        (target / f"{name}.yaml").write_text(yaml.safe_dump_all(render(sited), sort_keys=False))
    shutil.copy(Path("deploy/docker/Dockerfile"), target)


if __name__ == "__main__":
    main()
