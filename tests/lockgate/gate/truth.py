"""Runs each cell of the truth table through the whole gate: real server, real source, measuring, judging."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.lockgate.gate.columns import COLUMNS, Column
from tests.lockgate.gate.situations import RELEASE, ROWS, WINDOW, Row, Situation
from tests.lockgate.sources.http_server import HttpServer, http_server
from tests.lockgate.sources.troubles import SECRET

from lockgate.delivery.gate import gate_of
from lockgate.delivery.measure import Measuring
from lockgate.delivery.outside import Outside, Patience
from lockgate.domain.evaluation import Evaluation, SpecSource, Subject, Verdict
from lockgate.domain.project import Place
from lockgate.domain.source_name import source_name
from lockgate.evaluation.judge import judge
from lockgate.ports.metric_source import MetricSource, SourceSettings
from lockgate.testing.contracts.metric_source import Trouble
from lockgate.testing.contracts.nouns import place
from lockgate.testing.world import World
from lockgate.wiring.clients import Clients
from lockgate.wiring.sources import SOURCES

SHORT = Patience(indicator=0.5)
"""For rows that take a whole deadline; the others have the usual one, so that a busy machine changes no cell."""
HANGING = (Trouble.HANGING, Situation.GOOD_HANGING)
NOBODY = "http://127.0.0.1:1"
SUBJECT = Subject(place("staging"), "d-1", "docker.io/keptnexamples/carts", "0.6.2", RELEASE, "green", "carts-green")
_WRAPPED = re.compile(r"\w+ at http://\S+ (?P<what>.*) \(query .*\)")
_QUERY = re.compile(r" \(query .*\)")
_OUTCOME = re.compile(r"^(passed with a warning|passed|failed|not judged, no data|not judged, error): (latency )?")
_POINTS = re.compile(r": [0-9]+ of 100 points$")
_LEAD = re.compile(r"^(has no data|could not be measured): ")
_FOREIGN = re.compile(r": [\[{<\"].*$")  # what the server wrote, quoted at length
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """*verdict* None: it was not run. *reason*: why, or what the indicator says of itself, without addresses."""

    verdict: Verdict | None
    reason: str

    def __str__(self) -> str:
        return f"`{self.verdict}`: {self.reason}" if self.verdict else self.reason


Table = Mapping[tuple[Row, str], Cell]
"""(row, title of the column) → cell"""


async def truth_table(*, ignore_empty: bool = False) -> Table:
    """Every cell. Columns are measured at once, each before a server of its own. *ignore_empty*: as the gate's file may
    say."""
    cells = await asyncio.gather(*(_column(each, gate_text(each, ignore_empty=ignore_empty)) for each in COLUMNS))
    return {key: cell for column in cells for key, cell in column.items()}


def gate_text(column: Column, *, ignore_empty: bool) -> str:
    """A perfspec that asks *column*'s source one thing."""
    thresholds = {"upperWarning": 0.8, "upperSevere": 1}
    grading = {"type": "Threshold", "thresholds": thresholds, "metricScore": 100, "ignoreEmpty": ignore_empty}
    indicator = {"id": "latency", "source": column.kind, "query": column.query, "grading": grading}
    gate = {"spec_version": "1.1", "indicators": [indicator], "objectives": {"pass": 90, "warning": 40}}
    return json.dumps(gate)


@dataclass(frozen=True, slots=True)
class OneSource:
    """The sources of an installation that has one: it is built as an installation builds it."""

    settings: SourceSettings
    clients: Clients

    async def source(self, name: str, place: Place | None = None) -> MetricSource:
        known, url = source_name(name), self.settings.url or ""
        return SOURCES[known.kind](known, url, self.settings, await self.clients.to(url), place)


async def _column(column: Column, gate: str) -> Table:
    clients = Clients()
    try:
        async with http_server() as server:
            cells = {}
            for row in ROWS:
                if row in column.impossible:
                    cells[row, column.title] = Cell(None, column.impossible[row])
                else:
                    evaluation = await _evaluation(_outside(column, row, server, clients), gate)
                    cells[row, column.title] = Cell(evaluation.verdict, _reason(evaluation))
            return cells
    finally:
        await clients.aclose()


def _outside(column: Column, row: Row, server: HttpServer, clients: Clients) -> Outside:
    """A world with one source, whose server or file says what *row* asks for."""
    said = column.said(row)
    if column.kind == "file":
        settings = SourceSettings(samples=said.body.decode())
    else:
        server.answer = lambda _: said
        settings = SourceSettings(url=NOBODY if row is Situation.AWAY else server.address, token=SECRET)
    patience = SHORT if row in HANGING else Patience()
    return replace(World().outside, sources=OneSource(settings, clients), patience=patience)


async def _evaluation(outside: Outside, text: str) -> Evaluation:
    spec = SpecSource("carts/perfspec/perfspec.json", "abc", text)
    gate = gate_of(spec)
    measurements = await Measuring(outside, gate, SUBJECT, WINDOW).ask()
    return judge(gate, measurements, SUBJECT, WINDOW, spec, "e-1")


def _reason(evaluation: Evaluation) -> str:
    (indicator,) = evaluation.indicators
    told = _LEAD.sub("", _POINTS.sub("", _OUTCOME.sub("", indicator.sentence)))
    told = _FOREIGN.sub("", _QUERY.sub("", _WRAPPED.sub(r"\g<what>", told)))
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST].rsplit(' ', 1)[0]} …"
