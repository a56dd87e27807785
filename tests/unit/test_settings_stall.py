"""Time-outs that contradict each other are refused."""

from __future__ import annotations

from typing import Any

import pytest

from streams.errors import ContractError
from streams.settings import DocumentServer, Pacs, Settings


@pytest.mark.parametrize(
    ("servers", "timeout"),
    [
        ({"pacs": (Pacs(name="main", url="https://pacs.example"),)}, "imaging_request_timeout_s"),
        ({"document_servers": (DocumentServer(name="files", url="https://fhir.example"),)}, "notes_request_timeout_s"),
    ],
)
def test_a_worker_that_would_take_one_slow_answer_for_a_standstill_is_refused(
    servers: dict[str, Any], timeout: str
) -> None:
    with pytest.raises(ContractError) as caught:
        Settings(**servers, **{timeout: 90.0}, redis_url="redis://:word@cache:6379/0")
    assert str(caught.value) == (
        f"settings: expected CARDIOSTREAM_STALL_TIMEOUT_S above CARDIOSTREAM_{timeout.upper()} (90), received 60; "
        "a server that takes its time would make the worker exit; raise the one or lower the other"
    )
    with pytest.raises(ContractError, match="above"):
        Settings(**servers, stall_timeout_s=30.0)
    assert Settings(**servers, **{timeout: 90.0}, stall_timeout_s=91.0).stall_timeout_s == 91.0
    assert Settings(stall_timeout_s=5.0).stall_timeout_s == 5.0
