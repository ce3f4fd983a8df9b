"""One control plane a database, also after the connection that holds its lock was lost."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from lockgate.domain.errors import PermanentError
from lockgate.store.database import Database
from lockgate.store.sole import sole
from lockgate.testing.contracts.bench import eventually

LOCK = int.from_bytes(b"lockgate")
OFTEN = 0.02  # seconds
PATIENCE = 60.0  # seconds until what must happen has happened


@contextmanager
def asking(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def holder(connection: Connection) -> int:
    """The server's process that holds the one advisory lock of this database; 0 when none does."""
    query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = :here AND classid = :ours"
    here = connection.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return connection.scalar(text(query), {"here": here, "ours": LOCK >> 32}) or 0


def taken_again(connection: Connection, lost: int) -> bool:
    return holder(connection) not in (0, lost)


def end_session(connection: Connection, session: int) -> None:
    connection.execute(text("SELECT pg_terminate_backend(:session)"), {"session": session})


@asynccontextmanager
async def another_in_line(url: str) -> AsyncIterator[asyncio.Task[None]]:
    """Another control plane that gets the lock at the moment in which it becomes free; done when it has it."""
    with asking(url) as other, asking(url) as watcher:
        session = other.scalar(text("SELECT pg_backend_pid()")) or 0
        waiting = asyncio.create_task(
            asyncio.to_thread(lambda: other.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK}).close())
        )
        query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = :name")
        try:
            await eventually(lambda: watcher.scalar(query, {"name": make_url(url).database}) == 1)
            yield waiting
        finally:
            if not waiting.done():  # a test that failed must not leave a thread behind that waits for ever
                end_session(watcher, session)
            await asyncio.gather(waiting, return_exceptions=True)


def nobody_is_told(why: str) -> None:
    raise AssertionError(why)


async def test_a_second_control_plane_on_one_database_is_refused_until_the_first_is_gone(url: str) -> None:
    first, second = Database(url), Database(url)
    async with sole(first, nobody_is_told):
        with pytest.raises(PermanentError, match="another control plane is at work on database postgresql"):
            async with sole(second, nobody_is_told):
                raise AssertionError("both got in")
    async with sole(second, nobody_is_told):
        pass
    await first.close()
    await second.close()


async def test_a_lock_that_was_lost_with_its_connection_is_taken_again(url: str) -> None:
    database, second = Database(url), Database(url)
    with asking(url) as watcher:
        async with sole(database, nobody_is_told, every=OFTEN):
            for _ in range(2):
                session = holder(watcher)
                end_session(watcher, session)
                await eventually(partial(taken_again, watcher, session))
            with pytest.raises(PermanentError, match="another control plane"):
                async with sole(second, nobody_is_told):
                    raise AssertionError("both got in")
        assert holder(watcher) == 0
    await database.close()
    await second.close()


async def test_a_control_plane_that_lost_its_lock_to_another_is_told_so_once(url: str) -> None:
    database = Database(url)
    told: list[str] = []
    with asking(url) as watcher:
        async with sole(database, told.append, every=OFTEN), another_in_line(url) as other:
            end_session(watcher, holder(watcher))
            await asyncio.wait_for(asyncio.shield(other), PATIENCE)
            await eventually(lambda: bool(told))
    assert len(told) == 1 and told[0].startswith("another control plane is at work on database postgresql")
    await database.close()


async def test_a_lock_that_the_server_still_holds_for_the_lost_connection_is_waited_for(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with asking(url) as watcher:
        async with Wire(make_url(url).port or 0) as wire:
            database = Database(make_url(url).set(port=wire.port).render_as_string())
            async with sole(database, nobody_is_told, every=OFTEN):
                session = holder(watcher)
                wire.cut()
                await eventually(lambda: "has not noticed yet" in caplog.text)
                assert holder(watcher) == session
                end_session(watcher, session)
                await eventually(lambda: holder(watcher) not in (0, session))
            await database.close()


class Wire:
    """Between client and server; when it is cut, the client's end is closed and the server hears nothing of it."""

    def __init__(self, far_port: int) -> None:
        self._far_port, self.port = far_port, 0
        self._ends: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        self._ends.append(writer)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(_carry(source, sink)))


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    await asyncio.Event().wait()  # the far end stays open


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


KUBECONFIG = """apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {}}]
"""


async def test_serve_ends_with_a_sentence_when_another_took_over(url: str, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    port = free_port()
    flags = ["--kubeconfig", tmp_path / "kubeconfig", "--data", tmp_path / "data", "--port", port]
    command = [sys.executable, "-m", "lockgate.cli.main", "serve", *map(str, flags)]
    environment = {**os.environ, "LOCKGATE_DATABASE_URL": url}
    serving = await asyncio.create_subprocess_exec(*command, stderr=PIPE, stdout=DEVNULL, env=environment)
    heard = asyncio.create_task(serving.communicate())
    try:
        await eventually(lambda: answers(port) or heard.done())
        with asking(url) as watcher:
            async with another_in_line(url) as other:
                end_session(watcher, holder(watcher))
                await asyncio.wait_for(asyncio.shield(other), PATIENCE)
                await eventually(heard.done)
    finally:
        if not heard.done():
            serving.kill()
        said = (await heard)[1].decode()
    assert serving.returncode == 5, said
    assert "another control plane is at work on database postgresql" in said.splitlines()[-1]


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.TransportError:
        return False
