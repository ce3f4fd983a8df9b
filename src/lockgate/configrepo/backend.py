"""One run of `git http-backend`, git's own CGI program: bodies stream through it in both directions."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from lockgate.configrepo.program import end_session
from lockgate.domain.errors import TransientError

_log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Headers = list[tuple[bytes, bytes]]

_CHUNK = 64 * 1024
_SECONDS_OF_SILENCE = 120.0  # a client that sends nothing for so long in the middle of a body is gone


class Backend:
    """A started program. Feed it, read its head, then its chunks until they end."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        if program.stdin is None or program.stdout is None:
            raise ValueError("the program was started without pipes")
        self._program, self._stdin, self._stdout = program, program.stdin, program.stdout

    async def feed(self, receive: Receive) -> None:
        """Pass the request's body on. A client that goes away or falls silent within it ends the program."""
        try:
            await self._pass_on(receive)
        except (TimeoutError, EOFError):
            await end_session(self._program)
        except ConnectionError:  # it has read enough and ended, and its answer says why
            return
        self._stdin.close()

    async def end_with(self, receive: Receive) -> None:
        """After the body: wait until the client goes away, and end the program then."""
        while (await receive())["type"] != "http.disconnect":
            continue
        await end_session(self._program)

    async def head(self) -> tuple[int, Headers]:
        """Status and headers. Raises TransientError when the program ends without an answer."""
        try:
            text = await self._stdout.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise TransientError("git http-backend gave no answer") from error
        headers = [
            (name.strip().lower(), value.strip())
            for name, _, value in (line.partition(b":") for line in text.splitlines() if line)
        ]
        status = next((int(value.split()[0]) for name, value in headers if name == b"status"), 200)
        return status, [(name, value) for name, value in headers if name != b"status"]

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await self._stdout.read(_CHUNK):
            yield chunk
        await self._program.wait()

    async def _pass_on(self, receive: Receive) -> None:
        more = True
        while more:
            async with asyncio.timeout(_SECONDS_OF_SILENCE):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise EOFError
                self._stdin.write(message.get("body", b""))
                await self._stdin.drain()
            more = message.get("more_body", False)


@asynccontextmanager
async def backend(environment: Mapping[str, str], inherited: Sequence[int] = ()) -> AsyncIterator[Backend]:
    """Start the program with exactly this environment and these further file descriptors. It and all that it
    started are gone at the end of the block."""
    program = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        pass_fds=tuple(inherited),
        start_new_session=True,
    )
    complaints = asyncio.create_task(program.stderr.read()) if program.stderr else None
    try:
        yield Backend(program)
    finally:
        await end_session(program)
        words = (await complaints).decode(errors="replace").strip() if complaints else ""
        if words:
            _log.warning("git http-backend: %s", words)


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """*work* beside the block, and cancelled with it."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
