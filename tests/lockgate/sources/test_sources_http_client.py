"""The client of all sources: what it keeps, what it sends by itself, and in which words it fails."""

import asyncio
import gc
import gzip
import ssl
from pathlib import Path

import httpx
import pytest
from tests.lockgate.sources.http_server import HttpServer, Said

from lockgate.kit.clock import SystemClock
from lockgate.sources.http_client import HttpClient, NoAnswerError, Received, Request, TooLargeError, TooLateError
from pocketkube.api.certificates import certificates_in

PATIENCE = 10.0


async def get(client: HttpClient, address: str, largest: int = 1000) -> Received:
    return await client.exchange(Request("GET", httpx.URL(address), {}), largest, PATIENCE)


async def test_one_connection_serves_one_question_after_another(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"yes")
    assert [(await get(client, server.address)).body for _ in range(3)] == [b"yes"] * 3
    assert server.connections == 1


async def test_a_question_that_was_given_up_leaves_no_answer_to_the_next_one(
    server: HttpServer, client: HttpClient
) -> None:
    server.answer = lambda asked: Said(b"late", ends=False) if asked.path == "/hang" else Said(b"yes")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await get(client, server.address + "/hang")
    assert (await get(client, server.address)).body == b"yes"
    assert server.connections == 2


async def test_an_answer_that_is_not_whole_in_time_is_given_up(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda asked: Said(b"late", ends=False) if asked.path == "/hang" else Said(b"yes")
    with pytest.raises(TooLateError):
        await client.exchange(Request("GET", httpx.URL(f"{server.address}/hang"), {}), 1000, 0.1)
    assert (await get(client, server.address)).body == b"yes"


async def test_no_time_left_is_no_time_without_end(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"late", ends=False)
    with pytest.raises(TooLateError):
        await client.exchange(Request("GET", httpx.URL(server.address), {}), 1000, 0.0)


async def test_an_address_goes_over_the_wire_as_it_is_written(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"yes")
    await get(client, server.address + "/a%3Ab/%7Ec?x=%2B+1&y=a%2Fb")
    assert server.asked[0].target == "/a%3Ab/%7Ec?x=%2B+1&y=a%2Fb"


async def test_no_cookie_is_kept_and_no_proxy_or_password_of_the_machine_is_used(
    server: HttpServer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.answer = lambda _: Said(b"yes", headers={"Set-Cookie": "a=b; Path=/"})
    for _ in range(2):
        await get(client, server.address.replace("127.0.0.1", "localhost"))
    assert [{"cookie", "authorization"} & set(asked.headers) for asked in server.asked] == [set(), set()]


async def test_a_long_line_in_the_head_is_no_reason_to_refuse_an_answer(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"yes", headers={"Content-Security-Policy": "x" * 20_000})
    assert (await get(client, server.address)).body == b"yes"


async def test_a_redirect_is_told_and_not_followed(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"", 302, {"Location": "/elsewhere"})
    assert await get(client, server.address) == Received(302, b"", f"{server.address}/elsewhere")
    assert len(server.asked) == 1


async def test_a_body_is_read_to_its_limit_and_no_further(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"x" * 1000)
    assert len((await get(client, server.address, 1000)).body) == 1000
    with pytest.raises(TooLargeError):
        await get(client, server.address, 999)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:1", "cannot connect: Connection refused"),
        ("http://nobody.invalid", "its name is not known: "),
    ],
)
async def test_a_server_that_is_not_there_is_told_in_a_few_words(client: HttpClient, address: str, words: str) -> None:
    with pytest.raises(NoAnswerError, match=words) as caught:
        await get(client, address)
    assert "ssl:" not in str(caught.value)


async def test_a_certificate_of_another_server_is_refused(tmp_path: Path) -> None:
    made = certificates_in(tmp_path, SystemClock().now())  # for 127.0.0.1
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.server, made.server_key)

    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("it was spoken to")

    listening = await asyncio.start_server(never, "127.0.0.2", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    async with HttpClient(made.authority.read_text()) as client:
        with pytest.raises(NoAnswerError, match=r"no connection that is secure: .*127\.0\.0\.2"):
            await get(client, f"https://127.0.0.2:{port}")
    listening.close()


async def test_a_body_that_grows_when_it_is_unpacked_is_read_to_its_limit(
    server: HttpServer, client: HttpClient
) -> None:
    server.answer = lambda _: Said(gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"})
    assert len((await get(client, server.address, 10_000_000)).body) == 10_000_000
    with pytest.raises(TooLargeError):
        await get(client, server.address, 100_000)


async def test_an_idle_client_keeps_no_answer_and_no_header(server: HttpServer, client: HttpClient) -> None:
    server.answer = lambda _: Said(b"yes")
    await client.exchange(Request("POST", httpx.URL(server.address), {"X-Secret": "s"}, b"body"), 1000, PATIENCE)
    kept = [one for one in gc.get_objects() if type(one).__name__ == "_Coming" and one.body]
    assert kept == []
    await get(client, server.address)
    assert (server.asked[0].headers["x-secret"], server.asked[0].body) == ("s", b"body")
    assert "x-secret" not in server.asked[1].headers
    assert (server.asked[1].method, server.asked[1].body) == ("GET", b"")


async def test_a_server_of_another_protocol_is_no_answer(client: HttpClient) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(NoAnswerError, match="what it says is no HTTP: Received HTTP/0"):
        await get(client, f"http://127.0.0.1:{port}")
    listening.close()
