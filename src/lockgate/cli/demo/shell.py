"""Commands of the demo: each is shown as a user would type it, and really run."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

_PROGRAMS = {"lockgate": (sys.executable, "-m", "lockgate.cli"), "keptn": (sys.executable, "-m", "lockgate.cli")}


class Shell:
    """*environment* is added to this process's; *folder* is where commands run unless they say otherwise."""

    def __init__(self, console: Console, folder: Path, environment: dict[str, str]) -> None:
        self._console, self._folder = console, folder
        programs = str(Path(sys.executable).parent)
        path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
        self._environment = {**os.environ, "PATH": path, **environment}

    def say(self, text: str) -> None:
        self._console.print(Text(text, style="bold"), soft_wrap=True)

    def show(self, *command: str, folder: Path | None = None) -> str:
        """Run it, print what it prints, and return its standard output. Its exit code is `self.code`."""
        self._prompt(command)
        ended = self._run(command, folder)
        if ended.stdout:
            self._console.print(Text(ended.stdout.rstrip()), soft_wrap=True)
        if ended.stderr:
            self._console.print(Text(ended.stderr.rstrip(), style="dim"), soft_wrap=True)
        self.code = ended.returncode
        return str(ended.stdout)

    def stream(self, *command: str) -> int:
        """Run it on this terminal, live. Returns its exit code.

        Ctrl-C is for whoever asks: the command, which would say that the delivery goes on, is ended without a word."""
        self._prompt(command)
        sys.stdout.flush()
        deaf = ("sh", "-c", 'trap "" INT; exec "$@"', "sh", *_real(command))
        with subprocess.Popen(deaf, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL) as child:
            try:
                self.code = child.wait()
            except KeyboardInterrupt:
                child.terminate()
                self._console.show_cursor()  # which a table that keeps itself up to date had hidden
                self._console.print()
                raise
        return self.code

    def quiet(self, *command: str, folder: Path | None = None) -> str:
        """Run it unseen: for looking, not for acting."""
        ended = self._run(command, folder)
        self.code = ended.returncode
        return str(ended.stdout)

    code = 0

    def _prompt(self, command: Sequence[str]) -> None:
        self._console.print(Text(f"$ {shlex.join(command)}", style="cyan"), soft_wrap=True)

    def _run(self, command: Sequence[str], folder: Path | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _real(command),
            check=False,
            cwd=folder or self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


def _real(command: Sequence[str]) -> list[str]:
    return [*_PROGRAMS.get(command[0], (command[0],)), *command[1:]]
