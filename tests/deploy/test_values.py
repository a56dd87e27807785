"""The chart's values: a sentence each, a default each, and the README's table of them.

Refresh ``values.schema.json`` (the names of the settings) and the chart's ``README.md`` after a change with
``python -m tests.deploy.test_values``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from streams.settings import Settings
from tests.deploy.chart import CHART, values

SCHEMA, README = CHART / "values.schema.json", CHART / "README.md"
REFRESH = "python -m tests.deploy.test_values"
BEGIN, END = f"<!-- begin: {REFRESH} -->", "<!-- end -->"
BY_THE_CHART = {
    *(name for name in Settings.model_fields if name.startswith("kafka_")),
    "bootstrap_servers",
    "document_servers",
    "group_instance_id",
    "metrics_address",
    "metrics_port",
    "model_repository",
    "pacs",
    "partitions",
    "redis_url",
    "replication_factor",
    "run_dir",
    "sources",
    "triton_url",
}
"""Settings that have values of their own, or that the image or the chart decides."""


def schema() -> dict[str, Any]:
    """Return the schema as it stands in the file."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    return found


def setting_names() -> list[str]:
    return sorted(Settings.model_fields.keys() - BY_THE_CHART)


def followed(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with what it refers to."""
    reference = node.get("$ref", "")
    return {**schema()["$defs"][reference.rpartition("/")[2]], **node} if reference else node


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every value that can be set, with its place; those of a worker once, under the name NAME."""
    for name, one in node.get("properties", {}).items():
        yield (*path, name), followed(one)
        yield from leaves(followed(one), (*path, name))
    of_names = node.get("additionalProperties")
    if isinstance(of_names, dict) and "properties" in of_names:
        yield from leaves(of_names, (*path, "NAME"))


LEAVES = dict(leaves(schema()))


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_every_value_has_a_sentence(path: tuple[str, ...]) -> None:
    sentence = LEAVES[path].get("description", "")
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("path", [p for p, one in LEAVES.items() if one.get("type") == "object"], ids=".".join)
def test_no_misspelt_value_goes_unseen(path: tuple[str, ...]) -> None:
    assert path == ("global",) or "additionalProperties" in LEAVES[path]


def test_every_value_has_a_default() -> None:
    missing = []
    for path in LEAVES.keys() - {("global",)}:
        for worker in values()["workers"] if "NAME" in path else [""]:
            node: Any = values()
            for step in path:
                node = node.get(worker if step == "NAME" else step, None) if isinstance(node, dict) else None
            if node is None and path[0] != "secretFiles":
                missing.append(path)
    assert missing == []


def test_the_settings_that_may_be_given_are_those_of_the_code() -> None:
    assert schema()["$defs"]["settings"]["propertyNames"]["enum"] == setting_names(), f"refresh it with `{REFRESH}`"


def test_the_readme_lists_every_value() -> None:
    assert table() in README.read_text("utf-8"), f"refresh it with `{REFRESH}`"


def shown(path: tuple[str, ...]) -> str:
    """The default as it stands in values.yaml; a group's is its members'."""
    node: Any = values()
    for step in path:
        if step == "NAME" or not isinstance(node, dict) or step not in node:
            return ""
        node = node[step]
    if isinstance(node, dict) and node:
        return ""
    return f"`{yaml.safe_dump(node, default_flow_style=True, width=10_000).removesuffix('...' + chr(10)).strip()}`"


def table() -> str:
    rows = [
        f"| `{'.'.join(path)}` | {shown(path)} | {one['description'].replace('|', '&#124;')} |"
        for path, one in LEAVES.items()
        if path != ("global",)
    ]
    return "\n".join([BEGIN, "| Value | Default | What it says |", "| --- | --- | --- |", *rows, END])


def refresh() -> None:
    written = schema()
    written["$defs"]["settings"]["propertyNames"]["enum"] = setting_names()
    SCHEMA.write_text(json.dumps(written, indent=2) + "\n")
    text = README.read_text("utf-8")
    README.write_text(text[: text.index(BEGIN)] + table() + text[text.index(END) + len(END) :])


if __name__ == "__main__":
    refresh()
