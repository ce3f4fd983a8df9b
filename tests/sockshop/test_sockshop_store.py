"""carts-db keeps what it acknowledged, and the way to it repeats nothing."""

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sockshop.commands import answer
from sockshop.settings import Address
from sockshop.store import Store
from sockshop.store_client import StoreClient

Ask = Callable[..., dict[str, Any]]


def test_every_acknowledged_value_outlives_a_kill(start_store: Any, ask_store: Ask) -> None:
    store = start_store()
    with socket.create_connection((store.host, store.port), timeout=30) as connection:
        answers = connection.makefile("rb")
        for number in range(50):
            connection.sendall(b'{"op": "append", "key": "k", "value": %d}\n' % number)
            assert answers.readline() == b'{"ok": true}\n'
    store.process.send_signal(signal.SIGKILL)
    store.process.wait()
    again = start_store()
    assert ask_store(again, {"op": "get", "key": "k"}) == {"ok": True, "values": list(range(50))}


def test_put_replaces_and_delete_says_how_many_went(start_store: Any, ask_store: Ask) -> None:
    store = start_store()
    ask_store(store, {"op": "append", "key": "k", "value": 1})
    ask_store(store, {"op": "append", "key": "other", "value": 9})
    assert ask_store(store, {"op": "put", "key": "k", "values": [2, {"three": 3}]}) == {"ok": True}
    assert ask_store(store, {"op": "get", "key": "k"})["values"] == [2, {"three": 3}]
    assert ask_store(store, {"op": "delete", "key": "k"}) == {"ok": True, "removed": 2}
    assert ask_store(store, {"op": "get", "key": "k"})["values"] == []
    assert ask_store(store, {"op": "get", "key": "other"})["values"] == [9]


def test_a_bad_command_is_answered_and_the_connection_goes_on(start_store: Any) -> None:
    store = start_store()
    with socket.create_connection((store.host, store.port), timeout=30) as connection:
        answers = connection.makefile("rb")
        for line, named in [
            (b"hello\n", b"not a line of JSON"),
            (b'{"op": "drop"}\n', b"known are ping, get, put, append, delete"),
            (b'{"op": "get"}\n', b"key"),
            (b'{"op": "append", "key": "k"}\n', b"value"),
            (b'{"op": "append", "key": "k", "value": 1, "token": 1}\n', b"token"),
        ]:
            connection.sendall(line)
            reply = answers.readline()
            assert b'"ok": false' in reply
            assert named in reply
        connection.sendall(b'{"op": "ping"}\n')
        assert answers.readline() == b'{"ok": true}\n'


def test_a_line_without_end_is_refused_and_others_are_served(start_store: Any, ask_store: Ask) -> None:
    store = start_store()
    assert "longer than 1 MiB" in ask_store(store, b"x" * (1024 * 1024 + 70_000))["error"]
    assert ask_store(store, {"op": "ping"}) == {"ok": True}


def test_a_store_that_is_asked_to_stop_ends_well_with_clients_connected(start_store: Any) -> None:
    store = start_store()
    with socket.create_connection((store.host, store.port), timeout=30) as connection:
        connection.sendall(b'{"op": "append", "key": "k", "value": 1}\n')
        assert connection.makefile("rb").readline() == b'{"ok": true}\n'
        store.process.send_signal(signal.SIGTERM)
        assert store.process.wait(timeout=60) == 0
        assert connection.recv(1) == b""


def test_a_folder_that_cannot_be_written_ends_the_store_with_exit_code_1(start: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    store = start("sockshop.carts_db", 27017, POD_ROOT=str(tmp_path))
    assert store.process.wait(timeout=60) == 1


async def test_an_append_whose_answer_was_lost_is_sent_again_and_counts_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "carts.sqlite")
    connections: list[int] = []

    async def loses_the_first_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(len(connections))
        reply = answer(store, await reader.readline())
        if len(connections) > 1:
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(loses_the_first_answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    client = StoreClient(Address(host, port))
    await client.append("k", {"a": 1})
    await client.close()
    server.close()
    assert len(connections) == 2
    assert store.get("k") == [{"a": 1}]
    store.close()


async def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    store = Store(tmp_path / "carts.sqlite")
    store.append("k", "mine", None)
    asked, late = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if not asked.is_set():
                asked.set()
                await late.wait()
            writer.write(answer(store, line))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    client = StoreClient(Address(host, port))
    impatient = asyncio.create_task(client.values("nothing here"))
    await asked.wait()
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    late.set()
    assert await client.values("k") == ["mine"]
    await client.close()
    server.close()
    store.close()
