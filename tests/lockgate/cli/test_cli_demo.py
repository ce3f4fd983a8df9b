"""What the demo does around the story: its commands, and what it leaves to the user."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lockgate.cli.demo.shell import Shell

_CHILD = """
import signal, sys
print("here", flush=True)
signal.sigwait({signal.SIGTERM}) if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else signal.pause()
"""
_DEMO = """
import sys
from pathlib import Path
from rich.console import Console
from lockgate.cli.demo.shell import Shell
try:
    Shell(Console(), Path(sys.argv[1]), {}).stream(sys.executable, "-c", sys.argv[2])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_ends_the_command_that_the_demo_runs_without_a_word_of_its_own(tmp_path: Path) -> None:
    told = tmp_path / "errors"
    with told.open("wb") as errors:
        demo = subprocess.Popen(
            [sys.executable, "-c", _DEMO, str(tmp_path), _CHILD],
            stdout=subprocess.PIPE,
            stderr=errors,
            process_group=0,
        )
    assert demo.stdout
    while demo.stdout.readline() != b"here\n":
        assert demo.poll() is None
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: to all of its foreground
    assert demo.stdout.read().split() == [b"interrupted"]
    demo.stdout.close()
    assert demo.wait() == 0
    assert told.read_text() == ""


@pytest.mark.parametrize("code", [0, 3])
def test_a_streamed_command_keeps_its_exit_code(code: int, tmp_path: Path, capfd: Any) -> None:
    shell = Shell(Console(), tmp_path, {"GREETING": "hello"})
    command = f"import os; print(os.environ['GREETING'], flush=True); raise SystemExit({code})"
    assert shell.stream(sys.executable, "-c", command) == shell.code == code
    assert capfd.readouterr().out.endswith("hello\n")
