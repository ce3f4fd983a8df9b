"""What the demo expects, against what it saw."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Expectation:
    what: str
    expected: str
    seen: str

    @property
    def met(self) -> bool:
        return self.expected == self.seen


@dataclass(slots=True)
class Expectations:
    made: list[Expectation] = field(default_factory=list)

    def same(self, what: str, expected: object, seen: object) -> bool:
        self.made.append(Expectation(what=what, expected=str(expected), seen=str(seen)))
        return self.made[-1].met

    def holds(self, what: str, seen: bool, because: str = "") -> bool:
        """*because* is what was seen when it does not hold."""
        self.made.append(Expectation(what=what, expected="yes", seen="yes" if seen else because or "no"))
        return seen

    @property
    def unmet(self) -> tuple[Expectation, ...]:
        return tuple(each for each in self.made if not each.met)
