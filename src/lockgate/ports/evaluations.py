"""Evaluations with their raw samples."""

from typing import Protocol

from lockgate.domain.evaluation import Evaluation
from lockgate.domain.project import Place


class Evaluations(Protocol):
    async def save(self, evaluation: Evaluation) -> None:
        """Safe to repeat: the first text saved under an id stays."""
        ...

    async def evaluation(self, id: str) -> Evaluation:
        """Raises NotFoundError."""
        ...

    async def latest(self, place: Place, limit: int = 50) -> tuple[Evaluation, ...]:
        """Newest first."""
        ...
