"""The journal of the engine in memory, and how a run goes through its own part of it again."""

from dataclasses import dataclass, field

from lockgate.workflow.protocol import OtherPastError


@dataclass(slots=True)
class Journal:
    """What outlives an engine: give the same one to the next engine, and it takes up where the dead one stopped.

    *runs*: id → (workflow, argument), in the order of their start. *records*: (run id, name, text) in the order of
    writing. *ended*: run id → the exception that ended it, None for a run that returned. *lives*: run id → how often
    it was taken up.
    """

    runs: dict[str, tuple[str, str]] = field(default_factory=dict)
    records: list[tuple[str, str, str]] = field(default_factory=list)
    ended: dict[str, Exception | None] = field(default_factory=dict)
    lives: dict[str, int] = field(default_factory=dict)

    def of(self, run: str) -> list[tuple[str, str]]:
        """(name, text) of the run's records, in the order of writing."""
        return [(name, text) for owner, name, text in self.records if owner == run]


class Replay:
    """One life of a run: it meets the records of the lives before in their order, and writes behind the last."""

    def __init__(self, journal: Journal, run: str) -> None:
        self._journal, self._run, self._met = journal, run, 0

    @property
    def next(self) -> str | None:
        """The name of the record that is met next; None behind the last."""
        there = self._journal.of(self._run)[self._met :]
        return there[0][0] if there else None

    def meet(self, name: str) -> str | None:
        """The text that is recorded here; None behind the last. Raises OtherPastError when it is another step's."""
        there = self.next
        if there is None:
            return None
        if there != name:
            raise OtherPastError(f"its journal goes on with {there!r}, and the story of this release with {name!r}")
        self._met += 1
        return self._journal.of(self._run)[self._met - 1][1]

    def write(self, name: str, text: str) -> str:
        """What is recorded then, which is *text*."""
        self._journal.records.append((self._run, name, text))
        self._met += 1
        return text
