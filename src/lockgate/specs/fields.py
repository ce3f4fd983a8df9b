"""Take a tree apart field by field and collect everything that is wrong with it."""

import difflib
import math
import re
from collections.abc import Collection, Iterable
from typing import TypeVar

from lockgate.domain.errors import Fault, SpecError
from lockgate.specs.positions import Scalar, Spot

T = TypeVar("T")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Reader:
    """Each method gives the value, or None after it noted what is wrong; absent values (None) pass through as None,
    since the mapping that misses them has said so."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._faults: list[Fault] = []

    def lasting_fault(self, spot: Spot, message: str) -> None:
        """As `fault`, of what stays wrong whatever a text may become: a value's kind, a field's name."""
        self.fault(spot, message)

    def fault(self, spot: Spot, message: str) -> None:
        self._faults.append(Fault(self.file, spot.line, spot.path, message))

    def done(self, value: T | None) -> T:
        """*value*, if nothing is wrong. Raises SpecError with all that was noted, in the order of the file."""
        if self._faults:
            raise SpecError(sorted(self._faults, key=lambda fault: fault.line))
        if value is None:
            raise AssertionError(f"{self.file}: nothing is wrong with it, and it has no value")
        return value

    def mapping(
        self,
        spot: Spot | None,
        required: Collection[str],
        optional: Collection[str],
        hints: dict[str, str] | None = None,
    ) -> dict[str, Spot] | None:
        """Only the known fields of *spot*. *hints*: what to say of a certain unknown one."""
        if spot is None:
            return None
        if not isinstance(spot.value, dict):
            self.fault(spot, f"must be an object with the fields {listed([*required, *optional])}, not {shown(spot)}")
            return None
        known = [*required, *optional]
        for name, field in spot.value.items():
            if name not in known:
                self.lasting_fault(field, (hints or {}).get(name) or f"unknown field{meant(name, known)}")
        for name in required:
            if name not in spot.value:
                self.fault(spot, f"field {name!r} is missing")
        return {name: field for name, field in spot.value.items() if name in known}

    def items(self, spot: Spot | None) -> list[Spot]:
        """The entries of a list that may not be empty."""
        if spot is None:
            return []
        if not isinstance(spot.value, list):
            self.fault(spot, f"must be a list, not {shown(spot)}")
            return []
        if not spot.value:
            self.fault(spot, "must have at least one entry")
        return spot.value

    def unique(self, what: str, named: Iterable[tuple[Spot, str | None]]) -> None:
        """*named*: each spot with the name it gives, None where none could be read."""
        lines: dict[str, int] = {}
        for spot, name in named:
            if name is None:
                continue
            if name in lines:
                self.fault(spot, f"{what} {name!r} stands twice: the first is in line {lines[name]}")
            lines.setdefault(name, spot.line)

    def text(self, spot: Spot | None) -> str | None:
        """A text that is not blank."""
        if spot is None:
            return None
        if not isinstance(spot.value, str):
            self.fault(spot, f"must be a text, not {shown(spot)}")
            return None
        if not spot.value.strip():
            self.fault(spot, "must not be empty")
            return None
        return spot.value

    def line(self, spot: Spot | None) -> str | None:
        """A text that is not blank, of one line: what names something goes into logs, a database and on a terminal."""
        text = self.text(spot)
        found = _CONTROL.search(text) if text else None
        if spot is not None and found:
            self.fault(spot, f"holds the control character U+{ord(found[0]):04X}: leave it out")
            return None
        return text

    def word(self, spot: Spot | None, known: Iterable[str], ignore_case: bool = False) -> str | None:
        """One of *known*, in the spelling of *known*."""
        text = self.text(spot)
        if spot is None or text is None:
            return None
        for word in known:
            if word == text or (ignore_case and word.casefold() == text.casefold()):
                return word
        self.fault(spot, f"unknown value {text!r}{meant(text, list(known))}")
        return None

    def flag(self, spot: Spot | None) -> bool | None:
        if spot is None or isinstance(spot.value, bool):
            return None if spot is None else bool(spot.value)
        self.fault(spot, f"must be true or false, not {shown(spot)}")
        return None

    def number(self, spot: Spot | None, least: float = -math.inf, most: float = math.inf) -> float | None:
        """A finite number within *least* and *most*."""
        if spot is None:
            return None
        number = _finite(spot.value)
        if number is None:
            self.fault(spot, f"must be a number, not {shown(spot)}")
            return None
        if not least <= number <= most:
            self.fault(spot, f"must be between {least:g} and {most:g}, not {shown(spot)}")
            return None
        return number

    def whole(self, spot: Spot | None, least: int, most: int) -> int | None:
        number = self.number(spot, least, most)
        if spot is None or number is None:
            return None
        if not isinstance(spot.value, int):
            self.fault(spot, f"must be a whole number, not {shown(spot)}")
            return None
        return spot.value


def shown(spot: Spot) -> str:
    match spot.value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return "true" if spot.value else "false"
        case scalar:
            return _clipped(scalar)


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def meant(name: str, known: list[str]) -> str:
    """`: did you mean 'x'? Known are …`, for the end of a message about *name*."""
    folded = {candidate.casefold(): str(candidate) for candidate in known}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=1)
    guess = f"did you mean {folded[close[0]]!r}? " if close else ""
    return f": {guess}Known are {listed(known)}"


def _finite(value: "Scalar | list[Spot] | dict[str, Spot]") -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _clipped(scalar: Scalar) -> str:
    text = repr(scalar)
    return text if len(text) <= 80 else f"{text[:77]}…"
