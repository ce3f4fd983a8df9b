"""What a stage run came to, before anything is done about it."""

from dataclasses import dataclass

from lockgate.domain.delivery import Outcome
from lockgate.domain.evaluation import Verdict

NOT_EVALUATED = "not evaluated"


class StageTroubleError(Exception):
    """The stage run cannot go on for a technical reason; the text says which, and the way out."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """*verdict* None: not evaluated, which is the absence of a verdict, with its *reason*."""

    verdict: Verdict | None
    reason: str
    evaluation: str = ""

    @property
    def promotes(self) -> bool:
        return self.verdict is None or self.verdict.promotes

    @property
    def word(self) -> str:
        return self.verdict.value if self.verdict is not None else NOT_EVALUATED

    @property
    def outcome(self) -> Outcome:
        match self.verdict:
            case None | Verdict.PASS | Verdict.WARNING:
                return Outcome.PROMOTED
            case Verdict.FAIL:
                return Outcome.REJECTED
            case Verdict.NO_DATA:
                return Outcome.UNJUDGED
            case Verdict.ERROR:
                return Outcome.ERRORED


def trouble(reason: str) -> Conclusion:
    return Conclusion(verdict=Verdict.ERROR, reason=reason)
