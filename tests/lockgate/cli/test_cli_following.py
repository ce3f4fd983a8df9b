"""Following a delivery: through the end and return of the control plane, on a terminal and elsewhere."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lockgate.cli.client import Client
from lockgate.cli.credentials import Credentials
from lockgate.cli.manner import Manner
from lockgate.testing.world import IMAGE

UNLIMITED = 10_000


def deliver(shop: Any) -> str:
    return str(shop.call(shop.world.send("0.6.0")).id)


def test_a_control_plane_that_goes_and_comes_back_costs_no_line_and_doubles_none(shop: Any, shell: Any) -> None:
    shop.turns = 1
    started = shell.start("get", "delivery", deliver(shop), "--watch")
    started.shows("dev         ✔ promoted")
    shop.stop()
    started.shows("does not answer")
    shop.turn_away(3)
    shop.turns = UNLIMITED
    shop.start()
    assert started.ends() == 0
    lines = started.text.splitlines()
    assert lines[-1].endswith("promoted: 0.6.0 reached production, the last stage")
    assert sum("does not answer" in line for line in lines) == 1
    assert sum("it answers again" in line for line in lines) == 1
    for stage in ("dev", "staging", "production"):
        assert sum(f"{stage:<11} ✔ promoted" in line for line in lines) == 1


def test_a_control_plane_that_stays_away_is_waited_for_until_the_time_out(shop: Any, shell: Any) -> None:
    shop.turns = 1
    started = shell.start("get", "delivery", deliver(shop), "--watch", "--timeout=4")
    started.shows("dev         ✔ promoted")
    shop.stop()
    assert started.ends() == 6


def test_another_installation_in_the_same_place_ends_the_wait(shop: Any, shell: Any) -> None:
    shop.turns = 1
    started = shell.start("get", "delivery", deliver(shop), "--watch")
    started.shows("dev         ✔ promoted")
    shop.stop()
    shop.turns = 0
    shop.world.store._deliveries.clear()
    shop.start()
    assert started.ends() == 8
    assert "no delivery called" in started.text


def test_an_interrupt_ends_the_wait_and_not_the_delivery(shop: Any, shell: Any) -> None:
    shop.turns = 1
    delivery = deliver(shop)
    started = shell.start("get", "delivery", delivery, "--watch")
    started.shows("dev         ✔ promoted")
    started.process.send_signal(signal.SIGINT)
    assert started.ends() == 130
    assert f"it goes on: lockgate get delivery {delivery} --watch" in started.text


def test_half_an_event_at_the_end_of_a_broken_stream_is_none() -> None:
    whole, half = 'data: {"lockgatecursor": 1}\n\n', 'data: {"lockgatecursor": 2}\n'
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"{head}: here\n\n{whole}{half}".encode())
        await writer.drain()
        writer.close()

    async def heard() -> list[Any]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            asks = Client(Credentials(endpoint=endpoint, token="t"), Manner())
            return [each async for each in asks.listen("/v1/events/stream")]

    assert asyncio.run(heard()) == [None, {"lockgatecursor": 1}]


def on_terminal(shell: Any, *arguments: str, **more: str) -> tuple[int, str]:
    """Exit code, and all that was written to a terminal of 120 columns."""
    leader, follower = pty.openpty()
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                return
            if not part:
                return
            seen.extend(part)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate.cli", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=shell.environment({"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", **more}),
        cwd=Path(shell.home),
    )
    os.close(follower)
    code = process.wait(90)
    reader.join(90)
    os.close(leader)
    return code, seen.decode(errors="replace")


def last_frame(shown: str) -> str:
    return shown[shown.rindex("carts 0.6.0 in project sockshop") :]


def test_on_a_terminal_the_stages_are_rows_with_their_tasks_verdict_and_reason(shop: Any, shell: Any) -> None:
    code, shown = on_terminal(
        shell, "send", "new-artifact", "--project=sockshop", "--service=carts", f"--image={IMAGE}:0.6.0", "--wait"
    )
    assert code == 0
    frame = last_frame(shown)
    for word in ("STAGE", "DEPLOY", "RUN_TESTS", "EVALUATION_DONE", "VERDICT", "WHY", "✔ 0 s", "not evaluated"):
        assert word in frame, word
    assert frame.index("dev") < frame.index("staging") < frame.index("production")
    assert "promoted: 0.6.0 reached production, the last stage" in frame
    assert "\x1b[32m" in frame
    assert shown.rstrip().endswith("\x1b[?25h"), "the cursor is shown again"


def test_no_colour_is_used_where_it_is_not_wanted(shop: Any, shell: Any) -> None:
    code, shown = on_terminal(shell, "get", "delivery", deliver(shop), "--watch", NO_COLOR="1")
    assert code == 0
    assert "✔" in shown
    assert "\x1b[32m" not in shown


def test_a_terminal_without_the_signs_gets_others(shop: Any, shell: Any) -> None:
    code, shown = on_terminal(
        shell, "get", "delivery", deliver(shop), "--watch", PYTHONUTF8="0", PYTHONIOENCODING="ascii"
    )
    assert code == 0
    assert "+ 0 s" in last_frame(shown)
    assert shown.isascii()


def test_a_dumb_terminal_gets_plain_lines(shop: Any, shell: Any) -> None:
    code, shown = on_terminal(shell, "get", "delivery", deliver(shop), "--watch", TERM="dumb")
    assert code == 0
    assert "dev         ✔ promoted" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_lines_in_a_poor_encoding_say_the_same(encoding: str, shop: Any, shell: Any) -> None:
    answer = shell.run_afresh("get", "delivery", deliver(shop), "-w", PYTHONUTF8="0", PYTHONIOENCODING=encoding)
    assert answer.code == 0
    assert "dev         + promoted (pass)" in answer.out
