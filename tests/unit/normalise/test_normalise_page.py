"""The page on normalising: its table is that of the acceptance test, and it names every reason there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.corpora import EXPECTED, table

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/normalise.md").read_text()
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "streams/normalise").glob("*.py")))
REASONS = sorted(
    set(re.findall(r'(?:RejectedMessage\(|Skip\(|return )"([a-z]+(?:-[a-z0-9]+)*)"[,)]', CODE)) - {"unit-missing"}
)


def test_the_table_of_public_data_is_that_of_the_acceptance_test() -> None:
    assert table(EXPECTED) in PAGE, "print it with `python -m tests.acceptance.corpora`"


def test_reasons_are_found_in_the_code() -> None:
    assert {"no-subject", "delete-url", "link-self", "status", "identifier-limit"} <= set(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_on_the_page(reason: str) -> None:
    assert f"`{reason}`" in PAGE
