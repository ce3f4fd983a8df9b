"""The store in memory, on SQLite, and on PostgreSQL where there is one, keep the same contracts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lockgate.store.database import Database
from lockgate.store.deliveries import SqlDeliveries
from lockgate.store.evaluations import SqlEvaluations
from lockgate.store.event_log import SqlEventLog
from lockgate.store.lanes import SqlLanes
from lockgate.store.memory import MemoryStore
from lockgate.store.migrate import migrate
from lockgate.store.settings import SqlSettings
from lockgate.store.tokens import SqlTokens
from lockgate.testing.contracts.deliveries import DeliveriesContract
from lockgate.testing.contracts.evaluations import EvaluationsContract
from lockgate.testing.contracts.event_log import EventLogContract
from lockgate.testing.contracts.lanes import LanePorts, LanesContract
from lockgate.testing.contracts.settings import SettingsContract
from lockgate.testing.contracts.tokens import TokensContract


class Contracts(
    LanesContract, DeliveriesContract, EventLogContract, EvaluationsContract, SettingsContract, TokensContract
):
    """All that a store promises."""


class TestMemoryStore(Contracts):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def ports(self, store: MemoryStore) -> LanePorts:
        return LanePorts(store, store, store)

    @pytest.fixture
    def log(self, store: MemoryStore) -> MemoryStore:
        return store

    @pytest.fixture
    def evaluations(self, store: MemoryStore) -> MemoryStore:
        return store

    @pytest.fixture
    def settings(self, store: MemoryStore) -> MemoryStore:
        return store

    @pytest.fixture
    def tokens(self, store: MemoryStore) -> MemoryStore:
        return store


class SqlContracts(Contracts):
    """With a fixture `database`, migrated."""

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


class TestSqliteStore(SqlContracts):
    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:
        database = Database(f"sqlite:///{tmp_path}/lockgate.db")
        await migrate(database)
        yield database
        await database.close()
