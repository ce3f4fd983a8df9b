"""The page's stream: what is on it now, then each part again when it changed."""

import asyncio
from collections.abc import AsyncGenerator

from lockgate.console.delivery_page import delivery_page
from lockgate.console.rendering import Rendering
from lockgate.delivery import queries
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import DeliveryId

_HEARTBEAT_SECONDS = 10.0
_GATHER_SECONDS = 0.1
_BATCH = 500


async def changes(
    outside: Outside, rendering: Rendering, delivery: DeliveryId, quiet: float = _HEARTBEAT_SECONDS
) -> AsyncGenerator[str, None]:
    """Server-sent events named like the parts of the page, then `over` when the delivery has ended.

    A reader that was cut off gets every part as it is now, so it needs to remember nothing.
    """
    sent: dict[str, str] = {}
    cursor = await _latest(outside, delivery)
    while True:
        page = delivery_page(await queries.journey(outside, delivery), outside.clock.now())
        for name, part in rendering.sections(page).items():
            if sent.get(name) != part:
                sent[name] = part
                yield message(name, part)
        if page.over:
            yield message("over", "")
            return
        news = False
        while not news:
            cursor, news = await _next(outside, delivery, cursor, quiet)
            yield ": still here\n\n"


def message(name: str, content: str) -> str:
    lines = "".join(f"data: {line}\n" for line in content.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


async def _latest(outside: Outside, delivery: DeliveryId) -> int:
    """Read before the journey is: what happens meanwhile is then seen twice, and never missed."""
    own = await outside.events.since(0, context=delivery, limit=10_000)
    return own[-1].cursor if own else 0


async def _next(outside: Outside, delivery: DeliveryId, cursor: int, quiet: float) -> tuple[int, bool]:
    """The cursor after what was new in the log, and whether some of it is of *delivery*."""
    if not await outside.events.wait_beyond(cursor, quiet):
        return cursor, False
    await asyncio.sleep(_GATHER_SECONDS)  # events come in groups: one picture for each group
    found = await outside.events.since(cursor, limit=_BATCH)
    return found[-1].cursor if found else cursor, any(event.context == delivery for event in found)
