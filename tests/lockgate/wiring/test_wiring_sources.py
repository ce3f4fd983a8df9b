"""Metric sources as users configure them: several of a kind, of one project or all, tried before they are kept."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.lockgate.sources.http_server import document, http_server

from lockgate.domain.errors import InvalidError, PermanentError, TransientError, UnknownKindError
from lockgate.domain.evaluation import Window
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.domain.source_name import source_name
from lockgate.kit.clock import SystemClock
from lockgate.ports.metric_source import SourceSettings, SourceWish
from lockgate.store.memory import MemoryStore
from lockgate.wiring.sources import ConfiguredSources
from pocketkube.api.certificates import certificates_in

BODY = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
WINDOW = Window(datetime(2026, 11, 22, 21, 0, tzinfo=UTC), datetime(2026, 11, 22, 21, 1, tzinfo=UTC))


class Server:
    """Answers as a Prometheus that has measured nothing; notes what it was asked. `hangs`: it does not answer."""

    def __init__(self) -> None:
        self.url, self.heads, self.hangs = "", list[str](), False
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                await reader.readexactly(int(head.lower().split("content-length: ")[1].split("\r\n")[0]))
                self.heads.append(head)
                if not self.hangs:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


async def started(context: ssl.SSLContext | None = None) -> tuple[Server, asyncio.Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    scheme = "https" if context else "http"
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    return server, listening


@pytest.fixture
async def servers() -> AsyncIterator[tuple[Server, Server]]:
    (one, first), (other, second) = await started(), await started()
    yield one, other
    for server, listening in ((one, first), (other, second)):
        server.close()
        listening.close()


@pytest.fixture
async def sources() -> AsyncIterator[ConfiguredSources]:
    made = ConfiguredSources(MemoryStore(), SystemClock(), {})
    yield made
    await made.aclose()


def wish(name: str, url: str, project: str | None = None, token: str | None = None) -> SourceWish:
    return SourceWish(source_name(name), SourceSettings(url, token), ProjectName(project) if project else None)


def place(project: str) -> Place:
    return Place(ProjectName(project), StageName("staging"), ServiceName("carts"))


async def test_instances_of_one_kind_are_told_apart(servers: tuple[Server, Server], sources: ConfiguredSources) -> None:
    for name, server in zip(("prometheus", "prometheus/eu"), servers, strict=True):
        await sources.configure(wish(name, server.url, token=f"token-of-{name}"))
    await (await sources.source("Prometheus/EU")).query("up", WINDOW)
    assert [len(server.heads) for server in servers] == [1, 2]
    assert "Authorization: Bearer token-of-prometheus/eu" in servers[1].heads[1]
    with pytest.raises(PermanentError, match="run `lockgate configure monitoring prometheus --name us`"):
        await sources.source("prometheus/us")


async def test_a_project_has_its_own_source_before_that_of_all(
    servers: tuple[Server, Server], sources: ConfiguredSources
) -> None:
    everybody, own = servers
    await sources.configure(wish("prometheus", everybody.url))
    await sources.configure(wish("prometheus", own.url, project="sockshop"))
    await (await sources.source("prometheus", place("sockshop"))).query("up", WINDOW)
    await (await sources.source("prometheus", place("another"))).query("up", WINDOW)
    await (await sources.source("prometheus")).query("up", WINDOW)
    assert (len(everybody.heads), len(own.heads)) == (1 + 2, 1 + 1)


async def test_a_source_of_one_project_is_nobody_elses(
    servers: tuple[Server, Server], sources: ConfiguredSources
) -> None:
    await sources.configure(wish("prometheus", servers[0].url, project="sockshop"))
    with pytest.raises(PermanentError, match="is not configured"):
        await sources.source("prometheus", place("another"))


async def test_what_does_not_answer_is_not_kept(sources: ConfiguredSources) -> None:
    with pytest.raises(TransientError, match="gave no answer"):
        await sources.configure(wish("prometheus", "http://127.0.0.1:1"))
    with pytest.raises(PermanentError, match="is not configured"):
        await sources.source("prometheus")


async def test_what_an_earlier_release_kept_still_counts(servers: tuple[Server, Server]) -> None:
    store = MemoryStore()
    await store.put("monitoring.prometheus.url", servers[0].url)
    sources = ConfiguredSources(store, SystemClock(), {})
    await (await sources.source("Prometheus")).query("up", WINDOW)
    await sources.aclose()
    assert len(servers[0].heads) == 1


async def test_a_hanging_server_takes_no_connection_from_another(
    servers: tuple[Server, Server], sources: ConfiguredSources
) -> None:
    slow, quick = servers
    await sources.configure(wish("prometheus/slow", slow.url))
    slow.hangs = True
    stuck = await sources.source("prometheus/slow")
    waiting = [asyncio.create_task(stuck.query("up", WINDOW)) for _ in range(300)]
    while len(slow.heads) < 100:  # noqa: ASYNC110  # the server has nothing to be awaited by
        await asyncio.sleep(0.01)
    await sources.configure(wish("prometheus/quick", quick.url))
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


@pytest.mark.parametrize("name", ["promethius", "prometheus/", "prometheus/E U", "prometheus/a/b", ""])
def test_a_name_that_is_none_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(InvalidError) as caught:
        source_name(name)
    assert "prometheus" in str(caught.value)
    assert isinstance(caught.value, UnknownKindError) == ("/" not in name)


async def test_dynatrace_is_tried_with_its_token_and_finds_the_service_by_its_place() -> None:
    async with http_server() as server:
        sources = ConfiguredSources(MemoryStore(), SystemClock(), {})
        server.answer = lambda asked: document(
            {"metrics": []} if asked.method == "GET" else {"dataResult": {"dataPoints": {"SERVICE-A": [[1, 2]]}}}
        )
        await sources.configure(wish("dynatrace", server.address, project="sockshop", token="s3cret"))
        source = await sources.source("Dynatrace", place("sockshop"))
        await source.query({"timeseriesId": "responsetime"}, WINDOW)
        assert server.asked[1].json()["tags"] == ["service:carts", "environment:sockshop-staging"]
        assert {asked.headers["authorization"] for asked in server.asked} == {"Api-Token s3cret"}
        with pytest.raises(InvalidError, match="--tenant … --token-file FILE"):
            await sources.configure(wish("dynatrace", server.address))
        await sources.aclose()


async def test_samples_are_kept_as_they_were_sent(sources: ConfiguredSources) -> None:
    name = source_name("file/replay")
    settings = SourceSettings(samples='{"latency": [{"value": 3}]}')
    assert await sources.configure(SourceWish(name, settings)) == "the samples that were sent"
    (sample,) = (await (await sources.source("File/replay")).query("latency", WINDOW)).samples
    assert sample.value == 3


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("file", SourceSettings(), "--samples FILE"),
        ("file", SourceSettings(samples="{}", url="http://127.0.0.1"), "file has no server"),
        ("file", SourceSettings(samples="[]"), "must be an object"),
        ("http", SourceSettings(), "say where http answers"),
        ("dynatrace", SourceSettings(token="s3cret"), "say where dynatrace answers: .* --tenant … --token-file FILE"),
        ("http", SourceSettings("http://127.0.0.1", samples="{}"), "http takes no samples"),
        ("prometheus", SourceSettings("http://127.0.0.1", ca="any"), "is not encrypted, so --ca-file"),
        ("prometheus", SourceSettings("http://127.0.0.1", hosts=("a",)), "--allow-host is for http"),
    ],
)
async def test_settings_that_a_source_has_no_use_for_are_refused(
    sources: ConfiguredSources, name: str, settings: SourceSettings, words: str
) -> None:
    with pytest.raises(InvalidError, match=words):
        await sources.configure(SourceWish(source_name(name), settings))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:99999", "'http://127.0.0.1:99999' is not an address: Port out of range"),
        ("http://reader:s3cret@127.0.0.1:99999", "may not hold a user or password"),
        ("http://reader:s3cret@[127.0.0.1", "what was given is not an address: Invalid IPv6 URL"),
        ("reader:s3cret@127.0.0.1:9090", "what was given is not the address of a monitoring system"),
        ("http:/reader:s3cret@127.0.0.1:9090", "what was given is not the address of a monitoring system"),
        ("{}/?token=s3cret", "ends before"),
        ("{}/#s3cret", "ends before"),
    ],
)
async def test_an_address_that_would_not_be_asked_as_it_stands_is_refused_without_its_secrets(
    servers: tuple[Server, Server], sources: ConfiguredSources, url: str, words: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        await sources.configure(wish("prometheus", url.format(servers[0].url)))
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_an_authority_of_ones_own_is_trusted_and_strangers_are_not(
    tmp_path: Path, sources: ConfiguredSources
) -> None:
    made = certificates_in(tmp_path, SystemClock().now())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.server, made.server_key)
    server, listening = await started(context)
    name, pem = source_name("prometheus"), made.authority.read_text()
    with pytest.raises(TransientError, match="no connection that is secure: SSL certificate"):
        await sources.configure(SourceWish(name, SourceSettings(server.url)))
    assert await sources.configure(SourceWish(name, SourceSettings(server.url, ca=pem))) == server.url
    described = f"# Főtanúsítvány\n{pem}"
    assert await sources.configure(SourceWish(name, SourceSettings(server.url, ca=described))) == server.url
    for none in ("no certificate", "keine Zertifizierungsstelle für uns", "", " \n"):
        with pytest.raises(InvalidError, match="not in PEM"):
            await sources.configure(SourceWish(name, SourceSettings(server.url, ca=none)))
    server.close()
    listening.close()
