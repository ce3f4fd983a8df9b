"""How DBOS is set up here: where it writes, in which form, and as whom."""

import json
from typing import Any

import sqlalchemy
from dbos import DBOSConfig, Serializer
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

APPLICATION_VERSION = "1"
"""Bumped by hand, and only when no unfinished run could go on in the new code: DBOS takes up a run of its own version
alone. A change of a story that old runs can live through is guarded with `Run.patched` instead."""

_THREADS = 64  # DBOS's own default has no bound
_BUSY_MS = 30_000


def config(url: str, executor: str, engine: sqlalchemy.Engine | None) -> DBOSConfig:
    settings: DBOSConfig = {
        "name": "lockgate",
        "system_database_url": url,
        "application_version": APPLICATION_VERSION,
        "executor_id": executor,
        "serializer": JsonSerializer(),
        "max_executor_threads": _THREADS,
        "log_level": "WARNING",
        "enable_otlp": False,
        "use_listen_notify": False,  # we send no messages between runs, so nobody has to listen
        "notification_listener_polling_interval_sec": 0.1,  # its thread sees only then that it shall end
        "sys_db_idle_transaction_timeout_sec": 10.0,
    }
    if engine is not None:
        settings["system_database_engine"] = engine
    return settings


def sqlite_engine(url: str) -> sqlalchemy.Engine:
    engine = sqlalchemy.create_engine(url, pool_size=20, max_overflow=0, pool_timeout=30)
    sqlalchemy.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # DBOS would open the file in the rollback journal, where a commit among many takes up to ten seconds.
    connection.isolation_level = "IMMEDIATE"
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


class JsonSerializer(Serializer):
    """DBOS's own default is pickle, which runs what it reads."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_exception)

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        return RuntimeError(data["exception"]) if isinstance(data, dict) and "exception" in data else data

    def name(self) -> str:
        return "lockgate_json"


def _exception(value: object) -> dict[str, str]:
    if isinstance(value, BaseException):
        return {"exception": f"{type(value).__name__}: {value}"}
    raise TypeError(f"{value!r} has no form in JSON here")
