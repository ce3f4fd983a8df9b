"""Server-sent events, over a real server: an answer that does not end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn

from lockgate.api.events import server_sent
from lockgate.cli.serving import Server

PATIENCE = 30.0


async def events_of(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The stream as a browser reads it: id, event and data of each."""
    found: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        if not line and "data" in found:
            yield found
            found = {}
        name, colon, value = line.partition(": ")
        if colon and name:
            found[name] = json.loads(value) if name == "data" else value


async def read(url: str, api: Any, count: int, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The first *count* events of a stream, which is then left."""
    found = []
    sent = {"Authorization": api.client.headers["authorization"], **(headers or {})}
    async with (
        asyncio.timeout(PATIENCE),
        httpx.AsyncClient(headers=sent, timeout=PATIENCE) as client,
        client.stream("GET", url) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for event in events_of(answer):
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_what_has_happened_comes_first_and_then_what_happens(shop: Any, serve: Any) -> None:
    id_ = (await shop.announce("0.6.0")).json()["delivery"]
    async with serve(shop.app) as endpoint:
        reading = asyncio.create_task(read(f"{endpoint}/v1/events/stream", shop, 3))
        await shop.world.settle()
        found = await reading
    assert [event["id"] for event in found] == ["1", "2", "3"]
    assert found[0]["event"] == found[0]["data"]["type"] == "sh.keptn.events.new-artifact"
    assert found[0]["data"]["shkeptncontext"] == id_
    assert found[1]["data"]["type"] == "sh.lockgate.events.stage-started"


async def test_an_interrupted_stream_goes_on_where_it_was(seeded: Any, serve: Any) -> None:
    async with serve(seeded.app) as endpoint:
        url = f"{endpoint}/v1/events/stream"
        first = await read(url, seeded, 4)
        resumed = await read(url, seeded, 2, {"Last-Event-ID": first[-1]["id"]})
        since = await read(f"{url}?since=4", seeded, 2)
        both = await read(f"{url}?since=1", seeded, 2, {"Last-Event-ID": "4"})
    assert [event["id"] for event in resumed] == ["5", "6"]
    assert since == resumed == both


async def test_a_stream_of_a_delivery_tells_of_no_other(seeded: Any, serve: Any) -> None:
    id_ = await seeded.deliver("0.6.2")
    whole = (await seeded.get("/v1/events", delivery=id_)).json()["events"]
    async with serve(seeded.app) as endpoint:
        found = await read(f"{endpoint}/v1/events/stream?delivery={id_}", seeded, len(whole))
    assert [event["data"] for event in found] == whole


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "²", "9" * 30, "9" * 5000])
async def test_a_last_event_id_that_is_no_cursor_is_refused(shop: Any, cursor: str) -> None:
    answer = await shop.client.get("/v1/events/stream", headers={"Last-Event-ID": cursor.encode()})
    assert answer.status_code == 422
    assert "Last-Event-ID" in answer.json()["detail"]


async def test_a_quiet_stream_gives_signs_of_life(shop: Any) -> None:
    stream = server_sent(shop.world.outside, 0, None, quiet=0.01)
    async with asyncio.timeout(PATIENCE):
        said = [await anext(stream) for _ in range(3)]
    assert all(text.startswith(": ") and text.endswith("\n\n") for text in said)
    await shop.announce("0.6.0")
    async with asyncio.timeout(PATIENCE):
        while (text := await anext(stream)).startswith(":"):
            pass
    assert text.startswith("id: 1\n")


async def test_a_stream_ends_in_good_order_when_the_server_stops(shop: Any, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(
            uvicorn.Config(shop.app, lifespan="off", timeout_graceful_shutdown=3),
            shop.app.state.stopping,
            given_up=lambda: False,
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        headers = {"Authorization": shop.client.headers["authorization"]}
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/events/stream"
        async with (
            asyncio.timeout(PATIENCE),
            httpx.AsyncClient(headers=headers, timeout=PATIENCE) as client,
            client.stream("GET", url) as answer,
        ):
            lines = answer.aiter_lines()
            assert (await anext(lines)).startswith(":")
            server.should_exit = True
            assert [line async for line in lines if line] == []  # an end, where a broken connection would raise
            await serving
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
