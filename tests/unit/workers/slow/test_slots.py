"""Turns at one server: so many at once, none while it keeps failing, and storing is another matter than reading."""

from __future__ import annotations

import asyncio

import pytest

from streams.errors import RejectedMessage
from streams.gateways.web.failures import ServerAway
from streams.workers.slow.slots import Slots


async def fail(slots: Slots, error: Exception, *, storing: bool = False) -> None:
    with pytest.raises(type(error)):
        async with slots.turn(storing=storing):
            raise error


async def test_no_more_than_so_many_have_a_turn_at_once() -> None:
    slots, inside, most, go = Slots("files", 2), 0, 0, asyncio.Event()

    async def one() -> None:
        nonlocal inside, most
        async with slots.turn():
            inside += 1
            most = max(most, inside)
            await go.wait()
            inside -= 1

    tasks = [asyncio.create_task(one()) for _ in range(5)]
    for _ in range(5):
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert most == 2


async def test_a_server_that_keeps_failing_is_left_alone_and_may_still_be_stored_to() -> None:
    slots = Slots("files", 1)
    for _ in range(4):
        await fail(slots, ServerAway("status-503", "files"))
    with pytest.raises(ServerAway, match="breaker-open"):
        async with slots.turn():
            raise AssertionError("a turn was given")
    async with slots.turn(storing=True):
        pass


async def test_a_document_that_is_refused_says_nothing_against_its_server() -> None:
    slots = Slots("files", 1)
    for _ in range(20):
        await fail(slots, RejectedMessage("too-large", "answer", "less", "more"))
    async with slots.turn():
        pass


async def test_who_may_not_store_says_nothing_against_storing() -> None:
    slots = Slots("files", 1)
    for _ in range(20):
        await fail(slots, ServerAway("status-403", "files"), storing=True)
    async with slots.turn(storing=True):
        pass
