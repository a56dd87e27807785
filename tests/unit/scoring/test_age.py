"""Grown up at the time, a child, or not to be told: by the record's birth date, however coarse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streams.scoring.age import is_adult

AT = int(datetime(2024, 5, 3, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("birth_date", "adult"),
    [
        ("2006-05-03", True),
        ("2006-05-04", False),
        ("2006-04", True),
        ("2006-05", None),
        ("2006-06", False),
        ("2005", True),
        ("2006", None),
        ("2007", False),
        ("2030-01-01", False),
        ("", None),
    ],
)
def test_whoever_may_be_either_is_neither(birth_date: str, adult: bool | None) -> None:
    assert is_adult(birth_date, AT) is adult
