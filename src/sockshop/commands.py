"""One line of carts-db's protocol in, one line out; the protocol is described in `sockshop.carts_db`."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from sockshop.store import Store

MAX_KEY = 512


class BadCommandError(ValueError):
    """A line is not a command of the protocol."""


def answer(store: Store, line: bytes) -> bytes:
    """Never raises on what a client sent: a bad command and a failed write are answers with `ok` false."""
    try:
        reply = {"ok": True, **_run(store, _parsed(line))}
    except BadCommandError as error:
        reply = {"ok": False, "error": str(error)}
    except sqlite3.Error as error:
        reply = {"ok": False, "error": f"the database refused: {error}"}
    return json.dumps(reply).encode() + b"\n"


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        command = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadCommandError(f"not a line of JSON: {error}") from error
    if not isinstance(command, dict):
        raise BadCommandError("a command is a JSON object with op and key")
    return command


def _run(store: Store, command: Mapping[str, Any]) -> dict[str, object]:
    operation = command.get("op")
    if not isinstance(operation, str) or operation not in _OPERATIONS:
        raise BadCommandError(f"op is {operation!r}: known are {', '.join(_OPERATIONS)}")
    return _OPERATIONS[operation](store, command)


def _ping(_store: Store, _command: Mapping[str, Any]) -> dict[str, object]:
    return {}


def _get(store: Store, command: Mapping[str, Any]) -> dict[str, object]:
    return {"values": store.get(_key(command))}


def _put(store: Store, command: Mapping[str, Any]) -> dict[str, object]:
    values = command.get("values")
    if not isinstance(values, list):
        raise BadCommandError("put needs values, a list")
    store.put(_key(command), values)
    return {}


def _append(store: Store, command: Mapping[str, Any]) -> dict[str, object]:
    if "value" not in command:
        raise BadCommandError("append needs a value")
    token = command.get("token")
    if token is not None and not isinstance(token, str):
        raise BadCommandError(f"token is {token!r}: expected a text")
    store.append(_key(command), command["value"], token)
    return {}


def _delete(store: Store, command: Mapping[str, Any]) -> dict[str, object]:
    return {"removed": store.delete(_key(command))}


def _key(command: Mapping[str, Any]) -> str:
    key = command.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise BadCommandError(f"key: expected a text of 1 to {MAX_KEY} characters")
    return key


_OPERATIONS: Mapping[str, Callable[[Store, Mapping[str, Any]], dict[str, object]]] = {
    "ping": _ping,
    "get": _get,
    "put": _put,
    "append": _append,
    "delete": _delete,
}
