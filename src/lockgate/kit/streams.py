"""Answers that would not end by themselves, ended in good order."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def until_set(over: asyncio.Event, parts: AsyncIterator[T]) -> AsyncIterator[T]:
    """*parts* as they come, until there are no more or *over* is set."""
    waiting = asyncio.ensure_future(over.wait())
    try:
        while not over.is_set():
            coming = asyncio.ensure_future(anext(parts))
            try:
                await asyncio.wait((coming, waiting), return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    return
                yield coming.result()
            except StopAsyncIteration:
                return
            finally:
                coming.cancel()
    finally:
        waiting.cancel()
