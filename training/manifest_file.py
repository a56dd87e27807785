"""A manifest as ``model.toml``."""

from __future__ import annotations

from typing import Any

import msgspec
import tomli_w

from streams.inference.repository import AnyManifest

_HEAD = "# Written at export; the contract between training, the feature function, Triton and the readers of scores.\n"


def manifest_text(spec: AnyManifest) -> str:
    """Return the text of ``model.toml``; what is None, and an input's fields that have their default, are left out."""
    table: dict[str, Any] = {k: v for k, v in msgspec.to_builtins(spec).items() if v is not None}
    table.pop("folder", None)
    if "input" in table:
        table["input"] = [{k: v for k, v in row.items() if v != _DEFAULTS.get(k)} for row in table["input"]]
    return _HEAD + tomli_w.dumps(table)


_DEFAULTS: dict[str, Any] = {
    "scale": "linear",
    "aggregate": "mean",
    "low": float("-inf"),
    "high": float("inf"),
    "required": False,
    "fresh_s": float("inf"),
    "timing": True,
    "parts": (),
}
