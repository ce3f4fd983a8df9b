"""What the store on SQLite promises beyond the contracts: it lasts, it is shared, and it fails in words."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from lockgate.domain.errors import InvalidError, TransientError
from lockgate.kit.clock import SystemClock
from lockgate.store.database import Database
from lockgate.store.deliveries import SqlDeliveries
from lockgate.store.event_log import SqlEventLog
from lockgate.store.lanes import SqlLanes
from lockgate.store.migrate import migrate
from lockgate.store.schema import metadata
from lockgate.store.settings import SqlSettings
from lockgate.store.tokens import SqlTokens
from lockgate.testing.contracts.bench import eventually
from lockgate.testing.contracts.lanes import LanePorts, accept, ended
from lockgate.testing.contracts.nouns import NOON, event
from lockgate.workflow.dbos import DbosEngine
from lockgate.workflow.protocol import Run


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/lockgate.db"


def ports(database: Database) -> LanePorts:
    return LanePorts(SqlLanes(database), SqlEventLog(database), SqlDeliveries(database))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(url(tmp_path))
    await migrate(database)
    yield database
    await database.close()


async def test_the_migrations_make_the_tables_that_the_code_speaks_of(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": "lockgate_version"})
        return list(compare_metadata(context, metadata))

    assert await database.read(differences) == []


async def test_migrating_again_and_at_once_changes_nothing(tmp_path: Path) -> None:
    first, second = Database(url(tmp_path)), Database(url(tmp_path))
    await asyncio.gather(migrate(first), migrate(second))
    await SqlSettings(first).put("key", "value")
    await migrate(second)
    assert await SqlSettings(second).get("key") == "value"
    await first.close()
    await second.close()


async def test_every_connection_keeps_what_was_acknowledged_through_a_power_loss(database: Database) -> None:
    def settings(connection: Connection) -> tuple[object, ...]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return tuple(connection.execute(text(f"PRAGMA {name}")).scalar() for name in names)

    full = 2
    assert await database.write(settings) == ("wal", full, 1, 30_000)


async def test_tokens_of_a_lane_go_on_in_the_next_process(tmp_path: Path, database: Database) -> None:
    await accept(ports(database), "d1")
    await accept(ports(database), "d2")
    (turn,) = await ports(database).lanes.take_turns(NOON)
    await ports(database).lanes.finish(ended(turn), (), None, None)
    await database.close()
    again = Database(url(tmp_path))
    await migrate(again)
    (turn,) = await ports(again).lanes.take_turns(NOON)
    assert (turn.delivery, turn.token) == ("d2", 2)
    await again.close()


async def test_a_token_is_never_given_out_twice_even_when_old_runs_are_gone(database: Database) -> None:
    for expected in (1, 2, 3):
        await accept(ports(database), f"d{expected}")
        (turn,) = await ports(database).lanes.take_turns(NOON)
        assert turn.token == expected
        await ports(database).lanes.finish(ended(turn), (), None, None)
        await database.write(lambda connection: connection.execute(text("DELETE FROM stage_runs")))


async def test_two_processes_share_the_lanes_and_each_turn_goes_to_one(tmp_path: Path, database: Database) -> None:
    other = Database(url(tmp_path))
    for number in range(6):
        await accept(ports(database), f"d{number}", service=f"s{number}")
    taken = await asyncio.gather(*(ports(one).lanes.take_turns(NOON) for one in (database, other, database, other)))
    assert sorted(turn.delivery for turns in taken for turn in turns) == [f"d{number}" for number in range(6)]
    assert set(await ports(other).lanes.running()) == {turn for turns in taken for turn in turns}
    await other.close()


async def test_the_database_itself_refuses_two_turns_in_one_lane(database: Database) -> None:
    await accept(ports(database), "d1")
    await accept(ports(database), "d2")
    await ports(database).lanes.take_turns(NOON)
    with pytest.raises(Exception, match="UNIQUE constraint failed"):
        await database.write(lambda connection: connection.execute(text("UPDATE stage_runs SET state = 'running'")))


async def test_a_token_is_stored_as_its_digest_only(tmp_path: Path, database: Database) -> None:
    await SqlTokens(database).add("admin", "a-very-secret-token", NOON)
    await database.close()
    written = await asyncio.to_thread(lambda: b"".join(file.read_bytes() for file in tmp_path.iterdir()))
    assert b"admin" in written
    assert b"a-very-secret-token" not in written


async def test_another_process_that_appends_wakes_a_reader(tmp_path: Path, database: Database) -> None:
    other = Database(url(tmp_path))
    waiting = asyncio.create_task(SqlEventLog(database).wait_beyond(0, within=60))
    assert await SqlEventLog(other).append(event("e1"))
    assert await waiting
    await other.close()


async def test_a_transaction_that_fails_half_way_leaves_nothing(database: Database) -> None:
    await accept(ports(database), "d1")
    (turn,) = await ports(database).lanes.take_turns(NOON)
    unwritable = replace(event("e3"), data={"not json": object()})
    with pytest.raises(TypeError):
        await ports(database).lanes.finish(ended(turn), (event("e2"), unwritable), None, None)
    assert await ports(database).lanes.running() == (turn,)
    assert [one.id for one in await ports(database).log.since(0)] == ["e-d1"]


async def test_a_database_that_is_away_is_a_transient_error_that_names_it(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/no/such/folder/lockgate.db")
    with pytest.raises(TransientError, match=r"no/such/folder/lockgate\.db: unable to open"):
        await SqlSettings(away).get("key")
    await away.close()


def test_an_unknown_kind_of_database_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidError, match="'mysql' is not known: give a sqlite:/// or postgresql"):
        Database("mysql://somewhere/lockgate")


async def test_one_file_holds_our_tables_and_those_of_the_workflow_engine(tmp_path: Path, database: Database) -> None:
    engine = DbosEngine(url(tmp_path), SystemClock())
    done: list[str] = []

    async def story(run: Run, argument: str) -> None:
        for number in range(5):

            async def write(number: int = number) -> bool:
                return await SqlEventLog(database).append(event(f"{run.id}-{number}"))

            await run.step(f"write {number}", write, bool)
        done.append(run.id)

    engine.register("story", story)
    await engine.launch()
    await asyncio.gather(*(engine.start("story", f"r{number}", "") for number in range(8)))
    await eventually(lambda: len(done) == 8)
    await engine.close()
    assert len(await SqlEventLog(database).since(0)) == 40


_WRITER = """
import asyncio, sys
from lockgate.store.database import Database
from lockgate.store.event_log import SqlEventLog
from lockgate.testing.contracts.nouns import event

async def main():
    log = SqlEventLog(Database(sys.argv[1]))
    for number in range(100000):
        await log.append(event(f"e{number}"))
        print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_before_a_kill_is_there(tmp_path: Path, database: Database) -> None:
    arguments = (sys.executable, "-c", _WRITER, url(tmp_path))
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    acknowledged = -1
    while acknowledged < 30:
        acknowledged = int(await process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    acknowledged = max([acknowledged, *(int(line) for line in rest.split())])
    await process.wait()
    written = [one.id for one in await SqlEventLog(database).since(0, limit=100000)]
    assert written[: acknowledged + 1] == [f"e{number}" for number in range(acknowledged + 1)]
    assert len(written) <= acknowledged + 2
