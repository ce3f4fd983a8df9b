"""The same contracts on PostgreSQL, skipped where no server is installed: one database for our tables and DBOS's."""

from collections.abc import AsyncIterator

import pytest

from lockgate.kit.clock import SystemClock
from lockgate.store.database import Database
from lockgate.store.deliveries import SqlDeliveries
from lockgate.store.evaluations import SqlEvaluations
from lockgate.store.event_log import SqlEventLog
from lockgate.store.lanes import SqlLanes
from lockgate.store.migrate import migrate
from lockgate.store.settings import SqlSettings
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
