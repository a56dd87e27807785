"""Waiting for the workers: returns when nobody lags, and says who does when the time is over."""

from __future__ import annotations

import pytest

from streams.errors import RetryableError
from streams.settings import Settings
from streams.verify import settled
from streams.verify.settled import wait_until_settled


class Lags:
    """Answers with one lag after another, the last one again and again."""

    def __init__(self, *answers: dict[str, int]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, _: Settings) -> dict[str, int]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "POLL_S", 0.0)


async def test_it_returns_once_no_group_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    lags = Lags({"a": 3, "b": 0}, {"a": 0, "b": 1}, {"a": 0, "b": 0})
    monkeypatch.setattr(settled, "lag", lags)
    await wait_until_settled(Settings(), 60.0)
    assert lags.asked == 3


async def test_it_says_who_lags_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "lag", Lags({"cardiostream-bedside": 12, "cardiostream-cache": 0}))
    with pytest.raises(RetryableError, match=r"found cardiostream-bedside 12 behind; see that the workers run"):
        await wait_until_settled(Settings(), 0.0)
