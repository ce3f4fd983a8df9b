"""The control plane's side of the pre-receive hook: where the hook lies, and the conversation with it."""

import asyncio
import json
import os
import shlex
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from lockgate.configrepo import pre_receive
from lockgate.configrepo.push import Answer, RefUpdate
from lockgate.domain.errors import TransientError

Judge = Callable[[Sequence[RefUpdate], Mapping[str, str]], Awaitable[Answer]]

_LONGEST_QUESTION = 16 * 1024 * 1024  # a line for each ref that a push moves
_FOLDER = ".hooks"


def install_hook(root: Path) -> Path:
    """The folder for core.hooksPath. Safe to repeat. Raises TransientError where git would skip the hook in silence,
    as on a file system mounted noexec: a push would get in unchecked."""
    folder = root / _FOLDER
    hook = folder / "pre-receive"
    program = Path(pre_receive.__file__)
    text = f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S {shlex.quote(str(program))}\n"
    if not hook.is_file() or hook.read_text() != text:
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as unfinished:
            unfinished.write(text)
        Path(unfinished.name).chmod(0o700)
        Path(unfinished.name).replace(hook)
    if not os.access(hook, os.X_OK):
        raise TransientError(f"{hook} may not be executed: move Lockgate's data to a file system without noexec")
    return folder


async def converse(ours: socket.socket, judge: Judge) -> None:
    """Answer one hook. A push that git refuses by itself never asks; then the socket just ends."""
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LONGEST_QUESTION)
    with closing(writer), suppress(ConnectionError):  # a hook that is gone has refused the push
        line = await reader.readline()
        if line:
            question = json.loads(line)
            updates = [RefUpdate(*text.split(" ", 2)) for text in question["updates"]]
            answer = await judge(updates, question["quarantine"])
            writer.write(json.dumps({"accepted": answer.accepted, "lines": answer.lines}).encode() + b"\n")
            await writer.drain()
