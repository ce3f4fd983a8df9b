"""What can go wrong, sorted by what to do about it: try again, or stop and show."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_ALIKE = 0.55  # from 0 to 1: what `prod` and `production` share must do


class LockgateError(Exception):
    """Base of every error that Lockgate raises on purpose. Anything else is a bug and stays loud."""


class TransientError(LockgateError):
    """The same call may succeed later: a refused connection, a time-out, a 5xx."""


class PermanentError(LockgateError):
    """Trying again is useless; stop and show it."""


class InvalidError(PermanentError):
    """What came in at the door is wrong; the message names the field, the value and the way out."""


class ConflictError(PermanentError):
    """Somebody else changed or owns the thing: a moved branch, a name that is taken, another field manager."""


class FencedError(PermanentError):
    """A newer turn of the lane has written already: this run is out of date and must not write."""


class NotFoundError(PermanentError):
    """*known*: every name that there is; None where they are too many to name, and *way_out* says how to see them, or
    how to make one where there is none. They are told as they come when *in_order*, as stages are, else sorted."""

    def __init__(
        self, what: str, name: str, known: Iterable[str] | None = None, *, way_out: str = "", in_order: bool = False
    ) -> None:
        self.what, self.name = what, name
        self.known = tuple(known or ()) if in_order else tuple(sorted(known or ()))
        there = f"there is {', '.join(self.known) or 'none yet'}"
        if way_out and not self.known:
            there = way_out if known is None else f"{there}: {way_out}"
        meant = get_close_matches(name, self.known, n=1, cutoff=_ALIKE)
        guess = f", did you mean {meant[0]}? {there[:1].upper()}{there[1:]}" if meant else ""
        super().__init__(f"no {what} called {name!r}{guess or (': ' if there else '') + there}")


def no_delivery(id: str) -> NotFoundError:
    return NotFoundError("delivery", id, way_out="give its whole id; lockgate get deliveries lists them")


def no_evaluation(id: str) -> NotFoundError:
    return NotFoundError("evaluation", id, way_out="lockgate get delivery ID --output=json names those of a delivery")


class UnknownKindError(InvalidError):
    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        meant = get_close_matches(name.casefold(), names, n=1)
        guess = f"did you mean {meant[0]}? Known" if meant else "known"
        super().__init__(f"unknown {what} {name!r}: {guess} are {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one file. *line* counts from 1; 0 when the file as a whole is meant."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class SpecError(InvalidError):
    """A file that a user wrote is wrong; all its faults at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
