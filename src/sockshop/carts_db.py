"""carts-db: a small store over TCP whose content outlives a kill -9 on its volume.

`python -m sockshop.carts_db` listens on POD_IP (127.0.0.1) : PORT (27017) and keeps `carts.sqlite` in
`$POD_ROOT/data/db`. A key holds a list of JSON values. A connection carries any number of exchanges, one after the
other: the client sends one JSON object in one line (UTF-8, at most 1 MiB), the store answers with one.

    {"op": "ping"}                                                    {"ok": true}
    {"op": "get", "key": "carts/1"}                                   {"ok": true, "values": [...]}
    {"op": "append", "key": "carts/1", "value": {...}, "token": "x"}  {"ok": true}
    {"op": "put", "key": "carts/1", "values": [...]}                  {"ok": true}
    {"op": "delete", "key": "carts/1"}                                {"ok": true, "removed": 2}

`token` may be left out; the same token twice is one append. What could not be carried out answers
`{"ok": false, "error": "..."}`, and the connection stays open. An answer to a change means that it is on the disk.
"""

import asyncio
import logging
import os
import signal
import sqlite3
import sys
from pathlib import Path

from sockshop.commands import answer
from sockshop.limits import SettingsError
from sockshop.settings import StoreSettings, store_settings
from sockshop.store import Store

MAX_LINE = 1024 * 1024
_log = logging.getLogger("carts-db")


async def serve(settings: StoreSettings) -> None:
    """Runs until SIGTERM or SIGINT; a command that was read is answered before the connection closes."""
    store = Store(settings.database)
    clients: set[asyncio.Task[None]] = set()

    async def on_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_converse(store, reader, writer))
        clients.add(task)
        task.add_done_callback(clients.discard)

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = await asyncio.start_server(
        on_client, settings.listen.host, settings.listen.port, limit=MAX_LINE, backlog=256
    )
    _log.info("carts-db listens on %s and keeps %s", settings.listen, settings.database)
    await stopped.wait()
    server.close()
    for task in clients:
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    store.close()
    _log.info("carts-db has stopped")


async def _converse(store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # A cancel can only arrive while waiting: between reading a command and writing its answer nothing waits.
    try:
        while line := await reader.readline():
            writer.write(answer(store, line))
            await writer.drain()
    except ValueError:
        writer.write(b'{"ok": false, "error": "a line is longer than 1 MiB"}\n')
    except ConnectionError as error:
        _log.debug("a client left: %s", error)
    finally:
        writer.close()


def main() -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    try:
        settings = store_settings(os.environ)
        asyncio.run(serve(settings))
    except (SettingsError, OSError, sqlite3.Error) as error:
        _log.error("carts-db cannot run: %s%s", error, _way_out(error))
        return 1
    return 0


def _way_out(error: Exception) -> str:
    if isinstance(error, PermissionError) and not os.environ.get("POD_ROOT"):
        return f" (set POD_ROOT to a folder of yours, such as {Path.home() / 'carts-db'})"
    return ""


if __name__ == "__main__":
    sys.exit(main())
