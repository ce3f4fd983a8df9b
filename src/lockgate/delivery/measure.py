"""Ask the sources for everything that a gate names, at once and within its deadlines."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.delivery.outside import Outside
from lockgate.domain.errors import LockgateError, TransientError
from lockgate.domain.evaluation import Answer, Measurement, Subject, Unmeasured, Window
from lockgate.domain.gate import Gate, Indicator
from lockgate.ports.metric_source import MetricSource, Query
from lockgate.specs.placeholders import query_text, resolve, values_of


@dataclass(slots=True)
class Measuring:
    """One gate's round of questions. Any trouble of a source is a value here: it is judged as `error`, never as good or
    bad. Each source has a line of its own, so that one that hangs takes no turn away from another; what one indicator
    takes over its deadline costs nobody else's, and *outside*'s patience with the gate bounds the whole round."""

    outside: Outside
    gate: Gate
    subject: Subject
    window: Window
    _answered: dict[str, Measurement] = field(default_factory=dict)

    async def ask(self) -> tuple[Measurement, ...]:
        """One measurement an indicator, in the order of the gate. Safe to repeat: then only those are asked again whose
        source was away."""
        unanswered = [each for each in self.gate.indicators if each.id not in self._answered]
        found = await _Round(self.outside, self.subject, self.window).ask(unanswered)
        known = {**self._answered, **found}
        self._answered = {id: each for id, each in known.items() if not is_away(each)}
        return tuple(known[each.id] for each in self.gate.indicators)


@dataclass(slots=True)
class _Round:
    outside: Outside
    subject: Subject
    window: Window
    _values: Mapping[str, str] = field(init=False)
    _end: float = field(init=False)
    _found: dict[str, Measurement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._values = values_of(self.subject, self.window)
        self._end = asyncio.get_running_loop().time() + self.outside.patience.gate

    async def ask(self, indicators: list[Indicator]) -> Mapping[str, Measurement]:
        lines: dict[str, deque[Indicator]] = {}
        for indicator in indicators:
            lines.setdefault(indicator.source.casefold(), deque()).append(indicator)
        await asyncio.gather(*(self._line(waiting) for waiting in lines.values()))
        return self._found

    async def _line(self, waiting: deque[Indicator]) -> None:
        """Questions to one source. It is looked up once, and those who ask it take the next of the line in turn: a task
        for each of a thousand indicators would cost more than the question."""
        name = waiting[0].source
        lookup = asyncio.ensure_future(self.outside.sources.source(name, self.subject.place))
        try:
            turns = min(len(waiting), self.outside.patience.at_once)
            await asyncio.gather(*(self._turn(waiting, lookup) for _ in range(turns)))
        finally:
            if not lookup.cancel():
                lookup.exception()  # seen, even where no question was fit to be asked

    async def _turn(self, waiting: deque[Indicator], lookup: asyncio.Future[MetricSource]) -> None:
        while waiting:
            indicator = waiting.popleft()
            self._found[indicator.id] = await self._measure(indicator, lookup)

    async def _measure(self, indicator: Indicator, lookup: asyncio.Future[MetricSource]) -> Measurement:
        text, result = query_text(indicator.query), None
        try:
            query = resolve(indicator.query, self._values)
            text = query_text(query)
            result = await self._within_its_deadline(indicator.source, query, text, lookup)
        except LockgateError as error:
            result = Unmeasured(str(error), text, away=isinstance(error, TransientError))
        return Measurement(indicator=indicator.id, source=indicator.source, query=text, result=result)

    async def _within_its_deadline(
        self, name: str, query: Query, text: str, lookup: asyncio.Future[MetricSource]
    ) -> Answer | Unmeasured:
        """A source that hangs is not asked again: it has had its time."""
        patience, now = self.outside.patience, asyncio.get_running_loop().time()
        own = now + patience.indicator
        late = Unmeasured(f"the gate's {patience.gate:g} s were over before {name} answered", text)
        if now >= self._end:
            return late
        try:
            async with asyncio.timeout_at(min(own, self._end)):
                # Shielded: one who has waited long enough does not take the source away from the others.
                source = lookup.result() if lookup.done() else await asyncio.shield(lookup)
                return await source.query(query, self.window)
        except TimeoutError:
            return late if self._end <= own else Unmeasured(f"{name} gave no answer in {patience.indicator:g} s", text)


def is_away(measurement: Measurement) -> bool:
    """Whether the same question may be answered a moment later."""
    return isinstance(measurement.result, Unmeasured) and measurement.result.away
