"""A metric source in memory: answers that a test or a demonstration lays down."""

from collections.abc import Callable, Mapping

from lockgate.domain.errors import PermanentError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.ports.metric_source import Query

Reply = Answer | Exception | Callable[[Query, Window], Answer]


class MemorySource:
    """Answers by the query's text, else by *otherwise*; a query that nobody laid an answer down for is refused, as a
    real source refuses one that it cannot read. Keeps what it was asked in `asked`."""

    def __init__(self, replies: Mapping[str, Reply] | None = None, otherwise: Reply | None = None) -> None:
        self.replies: dict[str, Reply] = dict(replies or {})
        self.otherwise = otherwise
        self.asked: list[tuple[Query, Window]] = []

    async def query(self, query: Query, window: Window) -> Answer:
        self.asked.append((query, window))
        reply = self.replies.get(str(query), self.otherwise)
        match reply:
            case None:
                raise PermanentError(f"the source in memory has no answer to {query!r}")
            case Exception():
                raise reply
            case Answer():
                return reply
            case _:
                return reply(query, window)


def series(value: float, **labels: str) -> Sample:
    """A sample in few words: `series(0.2, release="a", pod="carts-1")`."""
    return Sample(labels=labels, value=value, timestamp=0.0)
