from __future__ import annotations

import pytest

from streams.commands.verify import instant_of
from streams.errors import RejectedMessage


def test_a_time_is_read_or_refused() -> None:
    assert instant_of("") is None
    assert instant_of("2023-11-14T22:14:00Z") == 1_700_000_040_000
    with pytest.raises(RejectedMessage, match="--at: expected ISO 8601"):
        instant_of("yesterday")
