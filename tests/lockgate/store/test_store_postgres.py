"""The same contracts on PostgreSQL, skipped where no server is installed: one database for our tables and DBOS's."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from lockgate.domain.errors import PermanentError
from lockgate.kit.clock import SystemClock
from lockgate.store.database import Database
from lockgate.store.deliveries import SqlDeliveries
from lockgate.store.evaluations import SqlEvaluations
from lockgate.store.event_log import SqlEventLog
from lockgate.store.lanes import SqlLanes
from lockgate.store.migrate import migrate
from lockgate.store.settings import SqlSettings
from lockgate.store.sole import sole
from lockgate.store.tokens import SqlTokens
from lockgate.testing.contracts.bench import MOST, is_passing
from lockgate.testing.contracts.deliveries import DeliveriesContract
from lockgate.testing.contracts.evaluations import EvaluationsContract
from lockgate.testing.contracts.event_log import EventLogContract
from lockgate.testing.contracts.lanes import LanePorts, LanesContract
from lockgate.testing.contracts.settings import SettingsContract
from lockgate.testing.contracts.tokens import TokensContract
from lockgate.testing.contracts.workflow import EngineContract
from lockgate.workflow.dbos import DbosEngine

_NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own on a free port of 127.0.0.1; its URL without a database."""
    initdb = shutil.which("initdb")
    if initdb is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed: initdb and pg_ctl are not on PATH")
    owner = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="lockgate-pg-"))
    if owner:
        shutil.chown(folder, owner)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, options = str(folder / "data"), f"-h 127.0.0.1 -p {port} -k {folder}"
    run = {"check": True, "user": owner, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    try:
        subprocess.run([initdb, "-D", data, "-U", "lockgate", "-A", "trust", "-E", "UTF8"], **run)  # type: ignore[call-overload]
        subprocess.run(["pg_ctl", "-D", data, "-o", options, "-w", "-l", str(folder / "log"), "start"], **run)  # type: ignore[call-overload]
        yield f"postgresql+psycopg://lockgate@127.0.0.1:{port}"
    finally:
        subprocess.run(["pg_ctl", "-D", data, "-m", "immediate", "stop"], **{**run, "check": False})  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(server: str) -> str:
    """A fresh database."""
    name = f"lockgate_{next(_NUMBERS)}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


class TestPostgresStore(
    LanesContract, DeliveriesContract, EventLogContract, EvaluationsContract, SettingsContract, TokensContract
):
    @pytest.fixture
    async def database(self, url: str) -> AsyncIterator[Database]:
        database = Database(url)
        await migrate(database)
        yield database
        await database.close()

    @pytest.fixture
    def ports(self, database: Database) -> LanePorts:
        return LanePorts(SqlLanes(database), SqlEventLog(database), SqlDeliveries(database))

    @pytest.fixture
    def log(self, database: Database) -> SqlEventLog:
        return SqlEventLog(database)

    @pytest.fixture
    def evaluations(self, database: Database) -> SqlEvaluations:
        return SqlEvaluations(database)

    @pytest.fixture
    def settings(self, database: Database) -> SqlSettings:
        return SqlSettings(database)

    @pytest.fixture
    def tokens(self, database: Database) -> SqlTokens:
        return SqlTokens(database)


class PostgresBench:
    def __init__(self, url: str) -> None:
        self.url = url

    def engine(self) -> DbosEngine:
        return DbosEngine(self.url, SystemClock(), again=is_passing, most_lives=MOST)


class TestDbosEngineOnPostgres(EngineContract):
    @pytest.fixture
    async def bench(self, url: str) -> PostgresBench:
        database = Database(url)
        await migrate(database)
        await database.close()
        return PostgresBench(url)


async def test_a_second_control_plane_on_one_database_is_refused_until_the_first_is_gone(url: str) -> None:
    first, second = Database(url), Database(url)
    async with sole(first):
        with pytest.raises(PermanentError, match="another control plane is at work on database postgresql"):
            async with sole(second):
                raise AssertionError("both got in")
    async with sole(second):
        pass
    await first.close()
    await second.close()
