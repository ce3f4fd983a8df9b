"""Evaluations with their raw samples."""

from datetime import datetime
from typing import Protocol

from lockgate.domain.evaluation import Evaluation
from lockgate.domain.gate import Comparison
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

    async def comparable(self, place: Place, comparison: Comparison, before: datetime) -> tuple[Evaluation, ...]:
        """Newest first: those that *comparison* picks among what was measured at *place* in windows that ended before
        *before* (the end of the window that is judged). None that was invalidated."""
        ...

    async def invalidate(self, id: str, reason: str, now: datetime) -> None:
        """It stays as it is and is compared with no more. Safe to repeat: the first reason stays. Raises
        NotFoundError."""
        ...
