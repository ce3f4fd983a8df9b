"""Following a delivery to its end, through restarts of the control plane, on whatever screen there is."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

import httpx
from rich.console import Console, ConsoleRenderable
from rich.live import Live

from lockgate.cli.board import Board
from lockgate.cli.client import Client, segment
from lockgate.cli.ending import End, Ending
from lockgate.cli.marks import Marks, marks_for
from lockgate.cli.output import Format, printable
from lockgate.cli.progress import describe
from lockgate.kit.clock import SystemClock, parse_rfc3339

_PAUSE = 0.5  # seconds between attempts to reach the server again
_FRAMES = 4  # a second, on a terminal


class Screen(Protocol):
    def show(self, event: Mapping[str, Any]) -> None: ...

    def note(self, text: str) -> None:
        """Something about the way here, not about the delivery; empty when it is over."""
        ...


def follow(asks: Client, delivery: str) -> str:
    """Show what happens until the delivery ends, and return its outcome.

    Raises End: TIMED_OUT when the command's time-out is over first, NOT_FOUND for an unknown delivery. A control plane
    that goes away meanwhile is waited for.
    """
    seconds = asks.manner.timeout
    told = asks.get(f"/v1/deliveries/{segment(delivery)}")
    way_on = f"it goes on: lockgate get delivery {delivery} --watch"
    screen, shown = _screen(asks, told)
    try:
        with shown:
            return asyncio.run(_within(seconds, _until_end(asks, delivery, screen)))
    except TimeoutError as error:
        raise End(Ending.TIMED_OUT, f"delivery {delivery} is not over after {seconds:g} s; {way_on}") from error
    except KeyboardInterrupt as error:
        raise End(Ending.INTERRUPTED, f"delivery {delivery} is not over; {way_on}") from error


async def _within(seconds: float, story: Coroutine[Any, Any, str]) -> str:
    async with asyncio.timeout(seconds):
        return await story


async def _until_end(asks: Client, delivery: str, screen: Screen) -> str:
    cursor, reached = 0, _Reached(asks.endpoint, screen)
    while True:
        try:
            async for event in asks.listen("/v1/events/stream", since=cursor, delivery=delivery):
                reached.alive()
                if event is None:
                    continue
                cursor = event["lockgatecursor"]
                screen.show(event)
                if event["type"].endswith(".delivery-finished"):
                    return str(event["data"]["outcome"])
        except httpx.ReadTimeout:
            continue  # silence alone is no loss: whether the server is there, the next attempt tells
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            reached.lost(error)
        await asyncio.sleep(_PAUSE)


@dataclass(slots=True)
class _Reached:
    """Whether the server is there; both changes are said once."""

    endpoint: str
    screen: Screen
    now: bool = True

    def lost(self, error: Exception) -> None:
        if self.now:
            self.screen.note(f"{self.endpoint} does not answer ({type(error).__name__}): trying until it does")
        self.now = False

    def alive(self) -> None:
        if not self.now:
            self.now = True
            self.screen.note("")


def _screen(asks: Client, told: Mapping[str, Any]) -> tuple[Screen, AbstractContextManager[Any]]:
    """On a terminal the board, elsewhere lines; on standard error when standard output is for a program."""
    stream = sys.stdout if asks.manner.output is Format.TABLE else sys.stderr
    marks = marks_for(stream.encoding)
    if asks.manner.quiet:
        return _Nothing(), nullcontext()
    if stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        board = _board(told)
        console = Console(file=stream, highlight=False)
        live = Live(_Drawn(board, marks), console=console, refresh_per_second=_FRAMES, vertical_overflow="visible")
        return _OnTerminal(board, live), live
    return _Lines(stream, marks, told), nullcontext()


def _board(told: Mapping[str, Any]) -> Board:
    title = f"{told['service']} {told['tag']} in project {told['project']}"
    return Board(title, tuple(told["stages"]), parse_rfc3339(told["accepted_at"]))


class _Drawn(ConsoleRenderable):
    """The board at the moment it is drawn, so that the seconds run."""

    def __init__(self, board: Board, marks: Marks) -> None:
        self._board, self._marks = board, marks

    def __rich_console__(self, console: Any, options: Any) -> Any:
        yield self._board.render(SystemClock().now(), self._marks)


class _OnTerminal:
    def __init__(self, board: Board, live: Live) -> None:
        self._board, self._live = board, live

    def show(self, event: Mapping[str, Any]) -> None:
        self._board.take(event)
        self._live.refresh()

    def note(self, text: str) -> None:
        self._board.note = text
        self._live.refresh()


class _Lines:
    """One line an event, after the seconds since the delivery was accepted."""

    def __init__(self, stream: TextIO, marks: Marks, told: Mapping[str, Any]) -> None:
        self._stream, self._marks = stream, marks
        self._accepted = parse_rfc3339(told["accepted_at"])

    def show(self, event: Mapping[str, Any]) -> None:
        line = describe(event, self._marks)
        if line:
            seconds = (parse_rfc3339(event["time"]) - self._accepted).total_seconds()
            self._print(f"{max(0.0, seconds):5.0f} s  {line}")

    def note(self, text: str) -> None:
        self._print(f"{'':>7}  {text or 'it answers again'}")

    def _print(self, line: str) -> None:
        self._stream.write(printable(line).rstrip() + "\n")
        self._stream.flush()


class _Nothing:
    def show(self, event: Mapping[str, Any]) -> None:
        """Not asked for."""

    def note(self, text: str) -> None:
        """Not asked for."""
