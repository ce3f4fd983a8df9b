"""Ask the sources for everything that a gate names, at once and within its deadlines."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lockgate.delivery.outside import Outside
from lockgate.domain.errors import LockgateError, TransientError
from lockgate.domain.evaluation import Answer, Measurement, Subject, Unmeasured, Window
from lockgate.domain.gate import Gate, Indicator
from lockgate.ports.metric_source import Query
from lockgate.specs.placeholders import query_text, resolve, values_of


@dataclass(slots=True)
class Measuring:
    """One gate's round of questions. Any trouble of a source is a value here: it is judged as `error`, never as good or
    bad. Each source has a pool of its own, so that one that hangs takes no turn away from another; what one indicator
    takes over its deadline costs nobody else's, and *outside*'s patience with the gate bounds the whole round."""

    outside: Outside
    gate: Gate
    subject: Subject
    window: Window
    _answered: dict[str, Measurement] = field(default_factory=dict)
    _pools: Mapping[str, asyncio.Semaphore] = field(init=False)

    def __post_init__(self) -> None:
        self._pools = defaultdict(lambda: asyncio.Semaphore(self.outside.patience.at_once))

    async def ask(self) -> tuple[Measurement, ...]:
        """One measurement an indicator, in the order of the gate. Safe to repeat: then only those are asked again whose
        source was away."""
        end = asyncio.get_running_loop().time() + self.outside.patience.gate
        return tuple(await asyncio.gather(*(self._measured(each, end) for each in self.gate.indicators)))

    async def _measured(self, indicator: Indicator, end: float) -> Measurement:
        known = self._answered.get(indicator.id)
        if known is not None:
            return known
        found = await self._measure(indicator, end)
        if not is_away(found):
            self._answered[indicator.id] = found
        return found

    async def _measure(self, indicator: Indicator, end: float) -> Measurement:
        text = query_text(indicator.query)
        found = Measurement(indicator=indicator.id, source=indicator.source, query=text, result=Unmeasured("not asked"))
        try:
            query = resolve(indicator.query, values_of(self.subject, self.window))
            text = query_text(query)
            async with asyncio.timeout_at(end), self._pools[indicator.source.casefold()]:
                answer = await self._within_its_deadline(indicator.source, query)
        except TimeoutError:
            late = f"the gate's {self.outside.patience.gate:g} s were over before {indicator.source} answered"
            answer = Unmeasured(late, text)
        except LockgateError as error:
            answer = Unmeasured(str(error), text, away=isinstance(error, TransientError))
        return replace(found, query=text, result=answer)

    async def _within_its_deadline(self, source: str, query: Query) -> Answer | Unmeasured:
        """A source that hangs is not asked again: it has had its time."""
        seconds = self.outside.patience.indicator
        try:
            async with asyncio.timeout(seconds):
                asked = await self.outside.sources.source(source, self.subject.place)
                return await asked.query(query, self.window)
        except TimeoutError:
            return Unmeasured(f"{source} gave no answer in {seconds:g} s", query_text(query))


def is_away(measurement: Measurement) -> bool:
    """Whether the same question may be answered a moment later."""
    return isinstance(measurement.result, Unmeasured) and measurement.result.away
