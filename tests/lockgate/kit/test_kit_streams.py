"""Streams that are ended from outside."""

import asyncio
from collections.abc import AsyncGenerator

from lockgate.kit.streams import until_set


async def numbers(closed: list[str]) -> AsyncGenerator[int, None]:
    """Two at once, then none for ever."""
    try:
        yield 1
        yield 2
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)  # as one that gives a connection back does
        closed.append("closed")


async def test_what_came_is_passed_on_and_what_was_under_way_has_let_go_when_the_stream_is_over() -> None:
    over, closed, seen = asyncio.Event(), list[str](), list[int]()
    async for number in until_set(over, numbers(closed)):
        seen.append(number)
        if number == 2:
            asyncio.get_running_loop().call_soon(over.set)
    assert (seen, closed) == ([1, 2], ["closed"])


async def test_a_stream_that_ends_by_itself_ends_there() -> None:
    async def one() -> AsyncGenerator[int, None]:
        yield 1

    assert [number async for number in until_set(asyncio.Event(), one())] == [1]
