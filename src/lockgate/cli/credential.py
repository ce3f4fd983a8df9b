"""git's credential helper: `python -m lockgate.cli.credential --file FILE get`, see gitcredentials(7).

git starts it with the question on standard input and reads the token from its output, so that the token is in no
address, no `.git/config` and no process list.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from lockgate.cli.credentials import credentials_file, load
from lockgate.domain.errors import LockgateError

USER = "lockgate"
"""Lockgate asks for the token only; git wants a name as well."""


def answer(operation: str, question: str, file: Path) -> tuple[str, str]:
    """(for git, for the user's eyes). Whoever asks for another host gets neither."""
    asked = dict(line.split("=", 1) for line in question.splitlines() if "=" in line)
    credentials = load(file)
    if f"{asked.get('protocol')}://{asked.get('host')}" != credentials.origin:
        return "", ""
    match operation:
        case "get":
            return f"username={USER}\npassword={credentials.token}\n", ""
        case "erase":
            return "", f"lockgate: {credentials.origin} does not know the token in {file}: run: lockgate auth\n"
        case _:  # store, and what later versions of git may ask: nothing of ours to be done
            return "", ""


def main(arguments: Sequence[str], environment: Mapping[str, str], questions: TextIO) -> int:
    """0 also without an answer, as git expects of a helper that does not know; 1 when the file is unusable."""
    parser = argparse.ArgumentParser(prog="lockgate credential", description="git's credential helper")
    parser.add_argument("--file", type=Path, default=None)
    parser.add_argument("operation")
    options = parser.parse_args(arguments)
    try:
        reply, note = answer(options.operation, questions.read(), options.file or credentials_file(environment))
    except LockgateError as error:
        sys.stderr.write(f"lockgate: {error}\n")
        return 1
    sys.stdout.write(reply)
    sys.stderr.write(note)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdin))
