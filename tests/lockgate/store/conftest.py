"""A PostgreSQL server for the tests that want one, which are skipped where none is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_NUMBERS = count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server of its own on a free port of 127.0.0.1; its URL without a database."""
    initdb, pg_ctl = (_program(name) for name in ("initdb", "pg_ctl"))
    if initdb is None or pg_ctl is None:
        missing = "PostgreSQL is not installed: initdb and pg_ctl are neither on PATH nor where Debian puts them"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    owner = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="lockgate-pg-"))
    if owner:
        shutil.chown(folder, owner)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, options = str(folder / "data"), f"-h 127.0.0.1 -p {port} -k {folder}"

    def run(*command: str, check: bool = True) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=check, user=owner, cwd=folder, stdout=quiet, stderr=subprocess.STDOUT)

    try:
        run(initdb, "-D", data, "-U", "lockgate", "-A", "trust", "-E", "UTF8")
        run(pg_ctl, "-D", data, "-o", options, "-w", "-l", str(folder / "log"), "start")
        yield f"postgresql+psycopg://lockgate@127.0.0.1:{port}"
    finally:
        run(pg_ctl, "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    found = shutil.which(name) or max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default=None)
    return None if found is None else str(found)


@pytest.fixture
def url(server: str) -> str:
    """A fresh database."""
    name = f"lockgate_{next(_NUMBERS)}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"
