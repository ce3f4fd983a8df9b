"""Bring a database to the tables of this release."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from lockgate.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"


async def migrate(database: Database) -> None:
    """Run the migrations that are missing, in one transaction. Safe to repeat, also by two processes at once."""
    await database.write(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
