"""The engine on DBOS against the death of its process, at every point of a step."""

import asyncio
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lockgate.testing.contracts.bench import eventually

_PROGRAM = Path(__file__).with_name("engine_program.py")


class Installation:
    def __init__(self, folder: Path) -> None:
        self.url, self.effects = f"sqlite:///{folder}/lockgate.db", folder / "effects"

    async def begin(self, scenario: str, point: str = "-") -> asyncio.subprocess.Process:
        arguments = (str(_PROGRAM), self.url, str(self.effects), point, scenario)
        return await asyncio.create_subprocess_exec(sys.executable, *arguments)

    async def life(self, scenario: str, point: str = "-") -> int:
        """One process from its start to its end; its exit code."""
        process = await self.begin(scenario, point)
        async with asyncio.timeout(100):
            return await process.wait()

    def lines(self) -> list[str]:
        return self.effects.read_text().splitlines() if self.effects.exists() else []

    def journal(self) -> list[str]:
        """The names of the steps recorded so far; none while the file has no tables yet."""
        try:
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as journal:
                return [name for (name,) in journal.execute("SELECT function_name FROM operation_outputs")]
        except sqlite3.OperationalError:
            return []


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


_WHOLE = ["plan", "apply", "shift", "refuse", "refused with ValueError no such host", "end"]


@pytest.mark.parametrize(
    ("point", "twice"),
    [
        ("plan:before", ()),
        ("apply:before", ()),
        ("apply:after", ("apply",)),
        ("apply:recorded", ()),
        ("shift:after", ("shift",)),
        ("refuse:recorded", ("refused with ValueError no such host",)),
    ],
)
async def test_a_killed_run_goes_on_and_repeats_at_most_the_step_that_was_not_recorded(
    installation: Installation, point: str, twice: tuple[str, ...]
) -> None:
    assert await installation.life("deploy", point) == 137
    assert "end" not in installation.lines()
    assert await installation.life("deploy") == 0
    done = [line for line in installation.lines() if line != "acknowledged"]
    assert done == [line for expected in _WHOLE for line in [expected] * (2 if expected in twice else 1)]


async def test_many_deaths_in_a_row_lose_nothing(installation: Installation) -> None:
    for point in ("plan:after", "plan:after", "plan:recorded", "apply:after", "shift:before", "shift:recorded"):
        assert await installation.life("deploy", point) == 137
    assert await installation.life("deploy") == 0
    done = [line for line in installation.lines() if line not in ("acknowledged", "refuse")]
    assert done == ["plan"] * 3 + ["apply"] * 2 + ["shift", "refused with ValueError no such host", "end"]


async def test_a_sleep_goes_on_through_a_kill(installation: Installation) -> None:
    """The second life would sleep for an hour, had the first not recorded when to wake."""
    first = await installation.begin("nap 3")
    await eventually(lambda: "DBOS.sleep" in installation.journal())
    first.send_signal(signal.SIGKILL)
    await first.wait()
    assert "end" not in installation.lines()
    assert await installation.life("nap 3600") == 0
    assert [line for line in installation.lines() if line != "acknowledged"] == ["begin", "end"]


async def test_a_deadline_stands_through_a_kill(installation: Installation) -> None:
    """The second life would wait for an hour, had the first not recorded until when."""
    first = await installation.begin("wait 3")
    await eventually(lambda: "asked" in installation.lines() and "answer/until" in installation.journal())
    first.send_signal(signal.SIGKILL)
    await first.wait()
    assert await installation.life("wait 3600") == 0
    assert installation.lines()[-1] == "end None"


async def test_nobody_is_phoned(installation: Installation) -> None:
    """Every connection that the process opens is recorded by the interpreter itself."""
    watch = (
        "import runpy, sys\n"
        "def seen(event, values):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto', 'urllib.Request'):\n"
        "        print(event, values, flush=True)\n"
        "sys.addaudithook(seen)\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    arguments = ("-c", watch, str(_PROGRAM), installation.url, str(installation.effects), "-", "deploy")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert (process.returncode, out.decode(), err.decode()) == (0, "", "")
    assert "end" in installation.lines()
