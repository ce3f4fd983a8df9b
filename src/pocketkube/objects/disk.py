"""The store's copy on disk: one SQLite file, written before a change is told to anybody."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pocketkube.kit.trees import compact
from pocketkube.objects.kinds import KubeObject

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Disk:
    """All objects and the latest version; a committed change outlives a kill -9 of this process.

    WAL with synchronous=NORMAL: a power cut may cost the last moments, never the file's soundness.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)  # Secrets are in it.
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(_SCHEMA)

    def version(self) -> int:
        row = self._db.execute("SELECT value FROM counters WHERE name = 'version'").fetchone()
        return int(row[0]) if row else 0

    def objects(self) -> Iterator[KubeObject]:
        for (body,) in self._db.execute("SELECT body FROM objects"):
            yield json.loads(body)

    def begin(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self, version: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO counters VALUES ('version', ?)", (version,))
        self._db.execute("COMMIT")

    def roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def put(self, key: tuple[str, str, str], obj: KubeObject) -> None:
        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (*key, compact(obj)))

    def drop(self, key: tuple[str, str, str]) -> None:
        self._db.execute("DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?", key)

    def close(self) -> None:
        self._db.close()
