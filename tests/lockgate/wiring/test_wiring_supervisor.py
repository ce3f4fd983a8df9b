"""What the supervisor bears without giving up on a program."""

import asyncio
import sys
from pathlib import Path

import pytest

from lockgate.wiring.installation import open_installation
from lockgate.wiring.programs import Program, Wishes
from lockgate.wiring.supervisor import Supervisor

_SECONDS = 60


async def test_a_program_that_cannot_be_started_for_a_while_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = open_installation(tmp_path / "a")
    asked = 0

    def command() -> list[str]:
        nonlocal asked
        asked += 1
        if asked == 1:
            return [str(tmp_path / "being-replaced")]
        return [sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w'); import time; time.sleep(600)"]

    def programs(*_: object) -> tuple[Program, ...]:
        return (Program("one", command, lambda: "http://127.0.0.1:9"),)

    monkeypatch.setattr("lockgate.wiring.supervisor.programs_of", programs)
    stop = asyncio.Event()
    running = asyncio.create_task(Supervisor(installation, Wishes()).run(stop))
    async with asyncio.timeout(_SECONDS):
        while not (tmp_path / "ran").exists():
            assert not running.done()
            await asyncio.sleep(0.05)
        stop.set()
        await running
    assert asked == 2
    assert not (installation.folder / "running.json").exists()
