"""The lists of carts-db in one SQLite file: what was acknowledged is on the disk."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    token    TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS entries_of_key ON entries (key, sequence);
"""

# Two colours may share one volume: a short wait for the other's write is right, a long one would hold every client.
_WAIT_FOR_LOCK_SECONDS = 1.0


class Store:
    """A key holds a list of JSON values. Every change is on the disk (WAL, synchronous FULL) when its call returns."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(database, timeout=_WAIT_FOR_LOCK_SECONDS, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def get(self, key: str) -> list[object]:
        """Empty for a key that holds nothing."""
        rows = self._database.execute("SELECT value FROM entries WHERE key = ? ORDER BY sequence", (key,))
        return [json.loads(value) for (value,) in rows]

    def append(self, key: str, value: object, token: str | None) -> None:
        """The same *token* twice is one append, so that a client may ask again when the answer was lost."""
        self._database.execute(
            "INSERT INTO entries (key, value, token) VALUES (?, ?, ?) ON CONFLICT (token) DO NOTHING",
            (key, json.dumps(value), token),
        )

    def put(self, key: str, values: Iterable[object]) -> None:
        """*values* take the place of what the key held, all or none."""
        rows = [(key, json.dumps(value)) for value in values]
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.execute("DELETE FROM entries WHERE key = ?", (key,))
            self._database.executemany("INSERT INTO entries (key, value) VALUES (?, ?)", rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def delete(self, key: str) -> int:
        """How many values went."""
        return self._database.execute("DELETE FROM entries WHERE key = ?", (key,)).rowcount

    def close(self) -> None:
        self._database.close()
