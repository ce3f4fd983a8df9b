"""The CLI, imported once and forked for each call: a process of its own each time, without the half second of imports.

Reads calls from standard input, one JSON object a line, and answers each with its exit code.
"""

import contextlib
import gc
import io
import json
import os
import sys
from typing import Any

import httpx

import lockgate.cli.following  # noqa: F401  # as all that commands import when they need it
from lockgate.cli.main import application, main, run


def child(call: dict[str, Any]) -> int:
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_WRONLY), (2, "stderr", os.O_WRONLY)):
        opened = os.open(call[name], flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8")
    try:
        main(call["arguments"])
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        return int(end.code or 0)
    return 99  # main always ends by SystemExit


def warm_up() -> None:
    """What is imported at the first use only."""
    with contextlib.redirect_stdout(io.StringIO()), httpx.Client():
        application()
        run(["version"])


def serve() -> None:
    warm_up()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(child(json.loads(line)))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
