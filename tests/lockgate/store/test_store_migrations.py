"""A database of an older release is brought to this one with all that it holds."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, table
from sqlalchemy import column as c

import lockgate.store.migrations
from lockgate.domain.evaluation import Evaluation, Verdict
from lockgate.domain.gate import Comparison
from lockgate.kit.typed_json import to_json
from lockgate.store.database import Database
from lockgate.store.evaluations import SqlEvaluations
from lockgate.store.migrate import migrate
from lockgate.testing.contracts.evaluations import measured_at
from lockgate.testing.contracts.nouns import later, place

FIRST = ("id", "project", "stage", "service", "delivery", "verdict", "score", "window_end", "document")


async def test_evaluations_of_the_first_tables_stay_comparable(tmp_path: Path) -> None:
    old = measured_at("ev1", Verdict.PASS, 10)

    def as_it_was(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(lockgate.store.migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        where = ("sockshop", "dev", "carts", "d1")
        row = ("ev1", *where, "pass", 12.5, "2026-11-22T12:00:10.123456+00:00", to_json(old, Evaluation))
        values = dict(zip(FIRST, row, strict=True))
        connection.execute(insert(table("evaluations", *(c(name) for name in FIRST))).values(values))

    database = Database(f"sqlite:///{tmp_path}/lockgate.db")
    await database.write(as_it_was)
    await migrate(database)
    evaluations = SqlEvaluations(database)
    assert await evaluations.comparable(place(), Comparison(), later(60)) == (old,)
    await evaluations.invalidate("ev1", "it was the weekend", later(90))
    assert await evaluations.comparable(place(), Comparison(), later(60)) == ()
    await database.close()
