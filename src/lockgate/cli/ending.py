"""How a command ends: exit codes, documented in docs/reference/cli.md and stable."""

from collections.abc import Mapping
from enum import IntEnum


class Ending(IntEnum):
    DONE = 0
    USAGE = 1
    REJECTED = 2
    ABORTED = 3
    UNJUDGED = 4
    ERRORED = 5
    TIMED_OUT = 6
    NOT_FOUND = 8  # not found, or not allowed
    INTERRUPTED = 130  # Ctrl-C, as shells count it


ENDING_OF: Mapping[str, Ending] = {
    "promoted": Ending.DONE,
    "rejected": Ending.REJECTED,
    "aborted": Ending.ABORTED,
    "superseded": Ending.ABORTED,
    "unjudged": Ending.UNJUDGED,
    "errored": Ending.ERRORED,
}
"""A delivery's outcome → how a command that waited for it ends."""


class End(Exception):  # noqa: N818  # not always an error: a rejected delivery ends a command in good order
    """Ends the command with this code; *message* goes to standard error unless it is empty."""

    def __init__(self, ending: Ending, message: str = "") -> None:
        self.ending, self.message = ending, message
        super().__init__(message)


def ending_of(outcome: str) -> Ending:
    """An outcome that this program does not know is one of a newer server: an error, never a success."""
    return ENDING_OF.get(outcome, Ending.ERRORED)
