"""Keeps the four programs of an installation running: each may be killed and comes back.

A program of its own (`python -m lockgate.wiring.supervisor FOLDER`), in its own session, so that neither a closed
terminal nor Ctrl-C ends it by halves. It ends on SIGTERM, or when the process that asked for it is gone.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from lockgate.domain.errors import PermanentError
from lockgate.wiring.installation import Installation, open_installation, ports_claimed
from lockgate.wiring.programs import Program, Wishes, programs_of, stop_pods_command
from pocketkube.kit.files import write_atomically
from pocketkube.runtime.procfs import Identity, ended, identify

log = logging.getLogger("lockgate.supervisor")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_STEADY_SECONDS = 10.0  # a program that ran so long starts again without a pause
_STOP_SECONDS = 15.0
_READY_SECONDS = 60.0


class Supervisor:
    def __init__(self, installation: Installation, wishes: Wishes) -> None:
        self._installation = installation
        self._programs = programs_of(installation, wishes)
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()
        self._trouble = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Start each program when the one before it answers; keep all until *stop*; then end them, last first. When one
        does not answer all are ended at once, and the record says which."""
        try:
            for program in self._programs:
                self._tasks.append(asyncio.create_task(self._keep(program), name=program.name))
                if not await self._answers(program, stop):
                    return
            self._record(ready=True)
            await stop.wait()
        finally:
            await self._end()

    async def _keep(self, program: Program) -> None:
        pause = 0.0
        loop = asyncio.get_running_loop()
        while not self._ending.is_set():
            started = loop.time()
            code = await self._once(program)
            if self._ending.is_set():
                return
            log.warning("%s ended with %s and is started again", program.name, code)
            was_steady = loop.time() - started > _STEADY_SECONDS
            pause = 0.0 if was_steady else max(_FIRST_PAUSE, min(pause * 2, _LONGEST_PAUSE))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()

    async def _once(self, program: Program) -> int | str:
        try:
            command = program.command()
            self._installation.logs.mkdir(exist_ok=True)
            with (self._installation.logs / f"{program.name}.log").open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
                )
        except Exception as error:  # a full disk or a program that is being replaced: tried again after a pause
            return f"no start: {error}"
        self._running[program.name] = process
        with contextlib.suppress(OSError):  # a full disk again: the program runs, and is waited for, all the same
            self._record()
        if self._ending.is_set():  # it came into being while its end was looked for
            process.terminate()
        return await process.wait()

    async def _answers(self, program: Program, stop: asyncio.Event) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _READY_SECONDS
        while loop.time() < deadline and not stop.is_set():
            with contextlib.suppress(httpx.TransportError, FileNotFoundError, ssl.SSLError):
                # Only that it answers matters here; who speaks to it for real checks its certificate.
                async with httpx.AsyncClient(verify=False, timeout=2, trust_env=False) as client:  # noqa: S501
                    answer = await client.get(program.ready())
                    if answer.status_code < 500 and self._lives(program.name):
                        return True
            await asyncio.sleep(0.05)
        if not stop.is_set():
            where = self._installation.logs / f"{program.name}.log"
            self._trouble = f"{program.name} does not answer after {_READY_SECONDS:g} s: see {where}"
            self._record()
        return False

    def _lives(self, name: str) -> bool:
        process = self._running.get(name)
        return process is not None and process.returncode is None

    async def _end(self) -> None:
        self._ending.set()  # first of all: nothing that ends from now on is started again
        for program in reversed(self._programs):
            if program.name == "pocketkube":
                await self._stop_pods()
            await self._end_one(program.name)
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, BaseException):
                log.error("the watch over a program broke", exc_info=outcome)
        if not self._trouble:
            (self._installation.folder / "running.json").unlink(missing_ok=True)

    async def _stop_pods(self) -> None:
        """While Envoy is gone already and pocketkube still knows its pods."""
        try:
            process = await asyncio.create_subprocess_exec(*stop_pods_command(self._installation))
        except OSError as error:  # the programs are ended all the same
            log.warning("the pods were not stopped: %s", error)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS * 2):
                await process.wait()

    async def _end_one(self, name: str) -> None:
        process = self._running.get(name)
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _record(self, *, ready: bool = False) -> None:
        """`running.json`: who runs here. A process is named by pid and start, since pids are given out again."""
        path = self._installation.folder / "running.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        record = _record_of(self._running, trouble=self._trouble)
        record["ready"] = ready or before.get("ready", False)
        write_atomically(path, json.dumps(record), mode=0o600)


def _record_of(running: Mapping[str, asyncio.subprocess.Process], *, trouble: str) -> dict[str, object]:
    found = {name: identify(process.pid) for name, process in running.items()}
    mine = identify(os.getpid())
    return {
        "supervisor": _fields(mine),
        "programs": {name: _fields(who) for name, who in found.items() if who},
        "ready": False,
        "trouble": trouble,
    }


def _fields(who: Identity | None) -> list[int | str] | None:
    return [who.pid, who.start, who.boot] if who else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lockgate-supervisor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=Path, action="append", default=[])
    parser.add_argument("--context", default="lockgate")
    parser.add_argument("--gateway-port", type=int, default=31380)
    parser.add_argument("--test-seconds", type=int, default=60)
    parser.add_argument("--with", dest="owner", type=int, help="end when the process with this pid is gone")
    return parser.parse_args()


def _main(arguments: argparse.Namespace) -> int:
    installation = open_installation(arguments.folder)
    record = installation.folder / "running.json"
    # Of an earlier supervisor that was killed: nothing of it may stand in the record of this one.
    record.unlink(missing_ok=True)
    try:
        with ports_claimed(installation) as claimed:
            asyncio.run(_supervise(claimed, arguments))
    except PermanentError as error:
        refused = {**_record_of({}, trouble=str(error)), "supervisor": None}
        write_atomically(record, json.dumps(refused), mode=0o600)
        return 1
    return 0


async def _supervise(installation: Installation, arguments: argparse.Namespace) -> None:
    wishes = Wishes(
        images=tuple(arguments.images),
        context=arguments.context,
        gateway_port=arguments.gateway_port,
        test_seconds=arguments.test_seconds,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_outlive(arguments.owner, stop))
    await Supervisor(installation, wishes).run(stop)
    watch.cancel()


async def _outlive(owner: int | None, stop: asyncio.Event) -> None:
    if owner is None:
        return
    who: Identity | None = identify(owner)
    if who is not None:
        await ended(who)
    stop.set()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.exit(_main(_arguments()))
