"""Who runs a command: the user of this machine, and a sentence where it has no name."""

from __future__ import annotations

import getpass

import pytest
from typer.testing import CliRunner

from streams.cli import build
from streams.errors import RejectedMessage
from streams.user import user


def nameless() -> str:
    raise KeyError("getpwuid(): uid not found: 10001")


def test_the_user_of_this_machine_is_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "nurse-1")
    assert user() == "nurse-1"


@pytest.mark.parametrize("word", ["ack", "snooze", "resolve"])
def test_a_user_without_a_name_is_asked_for_one_before_anything_is_looked_up(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", nameless)
    result = CliRunner().invoke(build("alerts"), ["alerts", word, "p1", "aa11"])
    assert isinstance(result.exception, RejectedMessage)
    assert "by at --by: expected who asks" in str(result.exception)
