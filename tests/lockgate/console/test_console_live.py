"""The page's stream, over a real server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx

from lockgate.console.assets import packaged
from lockgate.console.live import changes, message
from lockgate.console.rendering import Rendering

PATIENCE = 30.0


async def parts_of(endpoint: str, delivery: str) -> AsyncIterator[tuple[str, str]]:
    """Name and HTML of each part that the stream sends, until the server ends it."""
    async with (
        httpx.AsyncClient(headers={"Cookie": "session=right"}, timeout=PATIENCE) as client,
        client.stream("GET", f"{endpoint}/deliveries/{delivery}/stream") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        name, lines = "", []
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                lines.append(line.removeprefix("data: "))
            elif not line and name:
                yield name, "\n".join(lines)
                name, lines = "", []


async def test_a_delivery_that_is_over_is_sent_whole_and_the_stream_ends(console: Any, serve: Any) -> None:
    delivery = await console.world.deliver("0.6.1")
    async with serve(console.app) as endpoint, asyncio.timeout(PATIENCE):
        found = [part async for part in parts_of(endpoint, delivery.id)]
    names = [name for name, _ in found]
    stages = ["dev", "staging", "production"]
    parts = [f"stage-{stage}" for stage in stages] + [f"gate-{stage}" for stage in stages]
    assert names == ["summary", *parts, "events", "over"]
    page = await console.page(delivery.id)
    for name, html in found[:-1]:
        assert html.strip() in page, f"{name} on the page is not what the stream sends"


async def test_the_page_follows_a_delivery_to_its_end_without_a_reload(console: Any, serve: Any) -> None:
    delivery = await console.world.send("0.6.1")
    shown: dict[str, str] = {}
    summaries: list[str] = []
    begun = asyncio.Event()

    async def follow(endpoint: str) -> None:
        async for name, html in parts_of(endpoint, delivery.id):
            shown[name] = html
            if name == "summary":
                summaries.append(html)
                begun.set()

    async with serve(console.app) as endpoint, asyncio.timeout(PATIENCE):
        following = asyncio.create_task(follow(endpoint))
        await begun.wait()
        await console.world.settle()
        await following
    assert "under way" in summaries[0] and "rejected" in summaries[-1]
    assert ">rejected<" in shown["stage-staging"] and "rollback" in shown["stage-staging"]
    assert (await console.world.evaluation("staging")).sentence in shown["gate-staging"]
    assert "delivery-finished" in shown["events"]


async def test_only_what_changed_is_sent_again_and_quiet_streams_give_signs_of_life(console: Any) -> None:
    delivery = await console.world.send("0.6.2")
    stream = changes(console.world.outside, Rendering(packaged()), delivery.id, quiet=0.01)
    first: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not (text := await anext(stream)).startswith(":"):
            first.append(text)
        assert len(first) == 8
        await console.world.settle()
        rest = [text async for text in stream if not text.startswith(":")]
    names = [text.partition("\n")[0].removeprefix("event: ") for text in rest]
    assert {"summary", "stage-dev", "stage-staging", "stage-production", "gate-staging", "events"} <= set(names)
    assert "gate-dev" not in names and "gate-production" not in names
    assert names[-1] == "over"


async def test_another_delivery_s_events_send_nothing(console: Any) -> None:
    one = await console.world.send("0.6.2")
    stream = changes(console.world.outside, Rendering(packaged()), one.id, quiet=0.01)
    async with asyncio.timeout(PATIENCE):
        while not (await anext(stream)).startswith(":"):
            pass
        await console.world.send("0.6.1")
        assert [(await anext(stream))[:1] for _ in range(3)] == [":", ":", ":"]


def test_a_part_of_several_lines_is_one_message() -> None:
    assert message("x", "a\n\nb") == "event: x\ndata: a\ndata: \ndata: b\n\n"
