"""Prometheus' HTTP API as documented, and everything that is no proper answer of it, over real sockets."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Window
from lockgate.sources.http_client import HttpClient
from lockgate.sources.prometheus import PrometheusSource
from lockgate.testing.contracts.metric_source import MetricSourceContract, Question, Series

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
SUCCESS = 200


def vector(*rows: tuple[dict[str, str], float | str], **more: Any) -> str:
    result = [
        {"metric": labels, "value": [WINDOW.end.timestamp(), value if isinstance(value, str) else shown(value)]}
        for labels, value in rows
    ]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more})


def shown(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return f"{value:+.0f}".replace("inf", "Inf") if math.isinf(value) else repr(value)


class Server:
    """Answers every POST with `status` and `body`; notes the requests. `hangs`: half an answer, and then nothing."""

    def __init__(self) -> None:
        self.address = ""
        self.status, self.body, self.headers = SUCCESS, vector().encode(), ["Content-Type: application/json"]
        self.hangs = False
        self.heads: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(line.split(":")[1]) for line in head.lower().split("\r\n") if "content-length" in line
                )
                self.heads.append(head)
                self.forms.append(parse_qs((await reader.readexactly(length)).decode()))
                lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}", *self.headers, "", ""]
                writer.write("\r\n".join(lines).encode() + (b"" if self.hangs else self.body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    server.close()
    listening.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


@dataclass(frozen=True, slots=True)
class ServerBench:
    server: Server
    client: HttpClient

    async def holding(self, series: Sequence[Series]) -> Question:
        self.server.body = vector(*((dict(labels), value) for labels, value in series)).encode()
        return Question(PrometheusSource(self.server.address, self.client), "latency", WINDOW)

    async def refusing(self) -> Question:
        self.server.status = 400
        self.server.body = b'{"status":"error","errorType":"bad_data","error":"1:9: parse error: unclosed"}'
        return Question(PrometheusSource(self.server.address, self.client), "nonsense(", WINDOW)

    async def away(self) -> Question:
        return Question(PrometheusSource("http://127.0.0.1:1", self.client), "latency", WINDOW)


class TestPrometheusSource(MetricSourceContract):
    @pytest.fixture
    def bench(self, server: Server, client: HttpClient) -> ServerBench:
        return ServerBench(server, client)


async def ask(server: Server, client: HttpClient, deadline: float = 10.0) -> Answer:
    return await PrometheusSource(server.address, client, "Main", deadline).query("up", WINDOW)


async def test_the_question_is_an_instant_query_at_the_end_of_the_window(server: Server, client: HttpClient) -> None:
    answer = await PrometheusSource(server.address + "/prom/", client).query("a{b='ü'} + 1", WINDOW)
    assert server.heads[0].startswith("POST /prom/api/v1/query HTTP/1.1")
    assert server.forms == [{"query": ["a{b='ü'} + 1"], "time": ["1795381215.000"], "timeout": ["10s"]}]
    assert answer.request == f"POST {server.address}/prom/api/v1/query time=1795381215.000 query=a{{b='ü'}} + 1"


async def test_a_scalar_is_one_series_without_labels(server: Server, client: HttpClient) -> None:
    server.body = b'{"status":"success","data":{"resultType":"scalar","result":[1.5,"3"]}}'
    (sample,) = (await ask(server, client)).samples
    assert (dict(sample.labels), sample.value, sample.timestamp) == ({}, 3, 1.5)


async def test_warnings_and_infos_are_kept(server: Server, client: HttpClient) -> None:
    server.body = vector(({"a": "b"}, 1.0), warnings=["partial"], infos=["counter?"]).encode()
    assert (await ask(server, client)).warnings == ("partial", "counter?")


@pytest.mark.parametrize(("text", "value"), [("1e+06", 1e6), ("-3", -3), (".5", 0.5), ("+Inf", math.inf), ("7.", 7)])
async def test_values_are_read_as_prometheus_writes_them(
    server: Server, client: HttpClient, text: str, value: float
) -> None:
    server.body = vector(({}, text)).encode()
    assert (await ask(server, client)).samples[0].value == value


def result(kind: str, rows: object) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": rows}})


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, result("matrix", []), "answered with a matrix, and a gate needs a vector"),
        (200, result("string", [0, "x"]), "answered with a string"),
        (200, result("streams", []), "answered with a streams"),
        (200, result("vector", {}), "answered with a vector"),
        (
            200,
            '{"status":"success","data":{"resultType":"vector","result":[]},"errorType":"execution","error":"half"}',
            "200 with an error: execution: half",
        ),
        (
            200,
            '{"status":"error","errorType":"execution","error":"too many"}',
            "200 with an error: execution: too many",
        ),
        (200, '{"status":"success"}', "no query result"),
        (200, '{"data":{"resultType":"vector","result":[]}}', "no query result"),
        (200, "[]", "no query result"),
        (200, "", "no JSON"),
        (200, "<html>welcome</html>", "no JSON: <html>welcome</html>"),
        (200, vector(({}, 1.0))[:-3], "no JSON"),
        (200, "[" * 100_000, "no JSON"),
        (200, result("vector", [{"metric": {}, "value": [0, 1.0]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "value": [0, "1_0"]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "value": [0, "one"]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "value": [0, ""]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "value": ["0", "1"]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "value": [0]}]), "has not one value"),
        (200, result("vector", [{"metric": {"a": 1}, "value": [0, "1"]}]), "has not one value"),
        (200, result("vector", [{"value": [0, "1"]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "histogram": [0, {}]}]), "has not one value"),
        (200, result("vector", [{"metric": {}, "value": [0, "1"]}, None]), "has not one value"),
        (200, '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[NaN,"1"]}]}}', "JSON"),
        (
            200,
            '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1e999,"1"]}]}}',
            "not one",
        ),
        (200, result("vector", [{"metric": {}, "value": [10**400, "1"]}]), "has not one value"),
        (200, result("vector", [{"metric": {"a": "\ud800"}, "value": [0, "1"]}]), "no JSON"),
        (200, vector(warnings="all is well"), "warnings that are no list"),
        (200, result("vector", [{"metric": {}, "value": [0, "1"]}]), "a series that has not one value"),
        (200, vector(({}, 1), isPartial=True), "a part of the series only"),
        (204, "", "answered 204"),
        (301, "moved", "answered 301: moved"),
        (400, '{"status":"error","errorType":"bad_data","error":"parse error"}', "answered 400: bad_data: parse error"),
        (401, "who are you?", "answered 401: who are you?"),
        (404, "x" * 1000, f"answered 404: {'x' * 300}…"),
        (422, '{"status":"error","errorType":"execution"}', "answered 422"),
    ],
)
async def test_what_is_no_answer_is_permanent_and_says_what_came(
    server: Server, client: HttpClient, status: int, body: str, words: str
) -> None:
    server.status, server.body = status, body.encode()
    with pytest.raises(PermanentError) as caught:
        await ask(server, client)
    assert words in str(caught.value)
    assert f"Main at {server.address}" in str(caught.value)
    assert "(query up)" in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_server_in_trouble_is_transient(server: Server, client: HttpClient, status: int) -> None:
    server.status = status
    server.body = b'{"status":"error","errorType":"timeout","error":"query timed out"}'
    with pytest.raises(TransientError, match=f"answered {status}: timeout: query timed out"):
        await ask(server, client)


async def test_a_hanging_server_costs_its_deadline_and_is_transient(server: Server, client: HttpClient) -> None:
    server.hangs = True
    with pytest.raises(TransientError, match=r"gave no answer in 0\.2 s"):
        await ask(server, client, deadline=0.2)


async def test_a_connection_cut_in_the_middle_is_transient(server: Server, client: HttpClient) -> None:
    server.hangs = True
    asking = asyncio.create_task(ask(server, client))
    while not server.heads:  # noqa: ASYNC110  # the server has nothing to be awaited by
        await asyncio.sleep(0.01)
    server.close()
    with pytest.raises(TransientError, match="gave no answer: peer closed"):
        await asking


async def test_a_redirect_is_not_followed(server: Server, client: HttpClient) -> None:
    server.status, server.headers = 302, [f"Location: {server.address}/elsewhere"]
    with pytest.raises(PermanentError, match="answered 302"):
        await PrometheusSource(server.address, client).query("up", WINDOW)
    assert len(server.heads) == 1


async def test_a_body_that_cannot_be_unpacked_is_permanent(server: Server, client: HttpClient) -> None:
    server.headers = ["Content-Encoding: gzip"]
    with pytest.raises(PermanentError, match="cannot be read"):
        await ask(server, client)


async def test_bytes_that_are_no_text_do_not_break_the_source(server: Server, client: HttpClient) -> None:
    server.body = b"\xff\xfe"
    with pytest.raises(PermanentError, match="no JSON"):
        await ask(server, client)


async def test_an_answer_beyond_all_measure_is_cut_off(server: Server, client: HttpClient) -> None:
    server.body = b" " * 16_000_001
    with pytest.raises(PermanentError, match="more than 16000000 bytes"):
        await ask(server, client)


async def test_an_object_is_no_query_for_prometheus(server: Server, client: HttpClient) -> None:
    with pytest.raises(PermanentError, match=r"timeseriesId: unknown field: Known are query, step, aggregate"):
        await PrometheusSource(server.address, client).query({"timeseriesId": "x"}, WINDOW)
    assert server.heads == []


async def test_a_password_in_the_address_is_sent_and_never_shown(server: Server, client: HttpClient) -> None:
    address = server.address.replace("//", "//reader:s3cret@")
    answer = await PrometheusSource(address, client).query("up", WINDOW)
    assert "Authorization: Basic" in server.heads[0]
    assert "s3cret" not in answer.request
    server.status = 401
    with pytest.raises(PermanentError) as caught:
        await PrometheusSource(address, client).query("up", WINDOW)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "prometheus:9090", "127.0.0.1", "ftp://host/", "http://", "http://host:port"])
def test_what_is_no_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(InvalidError, match="write http://HOST:PORT"):
        PrometheusSource(address, HttpClient())
