"""Run the `git` program: nobody's configuration, Lockgate's identity, no questions asked."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lockgate.domain.errors import TransientError

_SECONDS = 120.0  # far beyond what any of our commands takes; a hanging disk must not hold a lane for ever

_SETTINGS = {
    "core.fsync": "committed,reference",  # an acknowledged commit outlives a power cut, loose objects included
    "core.quotePath": "false",
    "receive.autogc": "false",  # tidying up is started by us, not at the end of somebody's push
    "gc.auto": "2000",  # loose objects before gc packs them; each commit of ours leaves about four
    "gc.autoDetach": "false",  # nothing outlives the call that started it
}


@dataclass(frozen=True, slots=True)
class Output:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode().strip()


def environment(settings: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for a git program: *settings* are keys of git-config on top of our own.

    HOME is left out, since git would read attributes and ignore rules below it whatever its configuration says.
    """
    pairs = tuple({**_SETTINGS, **(settings or {})}.items())
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",  # refs/replace could show us other files than a clone gets
        "GIT_AUTHOR_NAME": "Lockgate",
        "GIT_AUTHOR_EMAIL": "lockgate@localhost",
        "GIT_COMMITTER_NAME": "Lockgate",
        "GIT_COMMITTER_EMAIL": "lockgate@localhost",
        "GIT_CONFIG_COUNT": str(len(pairs)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(pairs)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(pairs)},
        **(more or {}),
    }


async def ask_git(
    repository: Path, *arguments: str, feed: bytes = b"", more: Mapping[str, str] | None = None
) -> Output:
    """Run git on the bare *repository* with *feed* as its standard input and *more* environment, whatever its exit
    code. Raises TransientError when git is missing or hangs."""
    try:
        program = await asyncio.create_subprocess_exec(
            "git",
            f"--git-dir={repository}",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(more=more),
            start_new_session=True,  # Ctrl-C is for us; git finishes what it writes
        )
    except FileNotFoundError as error:
        raise TransientError("the program git is not on PATH: install git 2.28 or newer") from error
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await program.communicate(feed)
    except TimeoutError as error:
        raise TransientError(f"git {arguments[0]} in {repository} did not end in {_SECONDS:g} s") from error
    finally:
        await end_session(program)
    return Output(code=program.returncode or 0, out=out, err=err.decode(errors="replace").strip())


async def run_git(
    repository: Path, *arguments: str, feed: bytes = b"", more: Mapping[str, str] | None = None
) -> Output:
    """As ask_git, and TransientError with git's own words when the exit code is not 0."""
    output = await ask_git(repository, *arguments, feed=feed, more=more)
    if output.code != 0:
        raise TransientError(f"git {arguments[0]} in {repository} ended with {output.code}: {output.err}")
    return output


async def end_session(program: asyncio.subprocess.Process) -> None:
    """Kill *program* and all that it started, unless it has ended by itself. For programs with a session of their
    own only."""
    if program.returncode is None:
        with suppress(ProcessLookupError):  # it has just ended, and asyncio is about to say so
            os.killpg(program.pid, signal.SIGKILL)
        await program.wait()
