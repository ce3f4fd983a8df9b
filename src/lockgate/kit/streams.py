"""Answers that would not end by themselves, ended in good order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def until_set(over: asyncio.Event, parts: AsyncGenerator[T, None]) -> AsyncIterator[T]:
    """*parts* as they come, until there are no more or *over* is set. Then *parts* has ended too: a part that was under
    way is cancelled and has let go of what it held."""
    waiting = asyncio.ensure_future(over.wait())
    try:
        async with aclosing(parts):
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
                    await asyncio.wait((coming,))
    finally:
        waiting.cancel()
