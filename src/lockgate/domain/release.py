"""What a stage runs of a service: one release (direct), or one a colour with weights (blue/green)."""

from dataclasses import dataclass
from enum import StrEnum

from lockgate.domain.artifact import Artifact


class Colour(StrEnum):
    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Colour":
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


@dataclass(frozen=True, slots=True)
class Release:
    """An artifact as it runs. *id* is new for each deployment of it and labels its pods, so that a gate can tell
    it from every other; *revision* is the commit of `main` whose files it was rendered from."""

    id: str
    artifact: Artifact
    revision: str


@dataclass(frozen=True, slots=True)
class Weights:
    """Percent of the traffic a colour gets; they add up to 100."""

    blue: int
    green: int

    def __post_init__(self) -> None:
        if self.blue + self.green != 100 or min(self.blue, self.green) < 0:
            raise ValueError(f"weights blue {self.blue} and green {self.green} must add up to 100")

    def of(self, colour: Colour) -> int:
        return self.blue if colour is Colour.BLUE else self.green

    @classmethod
    def all_on(cls, colour: Colour) -> "Weights":
        return cls(blue=100, green=0) if colour is Colour.BLUE else cls(blue=0, green=100)


@dataclass(frozen=True, slots=True)
class DirectState:
    release: Release

    @property
    def serving(self) -> Release:
        return self.release


@dataclass(frozen=True, slots=True)
class BlueGreenState:
    blue: Release
    green: Release
    weights: Weights

    @property
    def live(self) -> Colour:
        """The colour that has the traffic."""
        return Colour.BLUE if self.weights.blue >= self.weights.green else Colour.GREEN

    @property
    def serving(self) -> Release:
        return self.release(self.live)

    def release(self, colour: Colour) -> Release:
        return self.blue if colour is Colour.BLUE else self.green


ServiceState = DirectState | BlueGreenState


@dataclass(frozen=True, slots=True)
class StateFile:
    """`stages/<stage>/<service>.yaml` on branch `state`: what was last verified there, and what is being tried.

    *fence* is the token of the turn that wrote it. Desired is the candidate while there is one, else what is verified.
    """

    verified: ServiceState | None
    candidate: ServiceState | None
    fence: int

    @property
    def desired(self) -> ServiceState | None:
        return self.candidate if self.candidate is not None else self.verified
