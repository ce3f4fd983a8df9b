"""A delivery as it stands: a row for each stage, with its tasks, how long they took, and the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lockgate.cli.marks import Marks
from lockgate.cli.output import printable
from lockgate.cli.progress import outcome_of, place_of, short_type
from lockgate.cli.sentences import beside_verdict
from lockgate.kit.clock import parse_rfc3339

TASKS = ("deploy", "run_tests", "evaluation_done")
_GOOD_VERDICTS = ("pass", "not evaluated")

Data = Mapping[str, Any]


@dataclass(slots=True)
class Task:
    """*good* is None while it runs."""

    started: datetime
    ended: datetime | None = None
    good: bool | None = None

    def end(self, moment: datetime, good: bool) -> None:
        if self.good is None:
            self.ended, self.good = moment, good


@dataclass(slots=True)
class Row:
    tasks: dict[str, Task] = field(default_factory=dict)
    verdict: str = ""
    sentence: str = ""
    went_back: str = ""


class Board:
    """*stages*: the project's, in order; services that a stage needs get rows of their own below it."""

    def __init__(self, title: str, stages: tuple[str, ...], accepted: datetime) -> None:
        self.rows: dict[str, Row] = {stage: Row() for stage in stages}
        self.note = ""
        self._title, self._accepted = title, accepted
        self._outcome = ""
        self._finished: datetime | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """What *event* changes; an unknown type changes nothing."""
        change = _CHANGES.get(short_type(event["type"]))
        if change is None:
            return
        moment = parse_rfc3339(event["time"])
        if short_type(event["type"]) == "delivery-finished":
            self._outcome, self._finished = outcome_of(event["data"]), moment
            return
        change(self.rows.setdefault(place_of(event["data"]), Row()), moment, event["data"])

    def render(self, now: datetime, marks: Marks) -> RenderableType:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("STAGE", *(task.upper() for task in TASKS), "VERDICT"):
            table.add_column(name, no_wrap=True)
        table.add_column("WHY", overflow="fold")
        for stage, row in self._ordered():
            tasks = [_shown(row.tasks.get(task), now, marks) for task in TASKS]
            verdict = Text(row.verdict, style=_style(row.verdict))
            why = f"{row.sentence} {marks.back} {row.went_back}" if row.went_back else row.sentence
            table.add_row(printable(stage), *tasks, verdict, Text(printable(why)))
        title = Text(f"{printable(self._title)}  {_seconds(self._accepted, self._finished or now)}", style="bold")
        below = [Text(printable(line)) for line in (self.note, self._outcome) if line]
        return Group(title, table, *below)

    def _ordered(self) -> list[tuple[str, Row]]:
        """Each stage, and below it the services that it needs. A copy: a thread of its own draws while events come."""
        rows = list(self.rows.items())
        stages = [place.partition("/")[0] for place, _ in rows]
        return sorted(rows, key=lambda row: stages.index(row[0].partition("/")[0]))


def _begin(row: Row, moment: datetime, data: Data) -> None:
    row.tasks[str(data["task"])] = Task(started=moment)


def _deployed(row: Row, moment: datetime, data: Data) -> None:
    _end(row, "deploy", moment, good=True)
    row.sentence = ""


def _tested(row: Row, moment: datetime, data: Data) -> None:
    _end(row, "run_tests", moment, good=data.get("result") == "pass")


def _evaluated(row: Row, moment: datetime, data: Data) -> None:
    _end(row, "evaluation_done", moment, good=bool(data["evaluationpassed"]))
    details = data["evaluationdetails"]
    row.verdict, row.sentence = details["result"], beside_verdict(details.get("reason", ""))


def _went_back(row: Row, moment: datetime, data: Data) -> None:
    restored = data.get("restored")
    row.went_back = f"back to {restored}" if restored else data.get("note") or "back to what was before"


def _stage_over(row: Row, moment: datetime, data: Data) -> None:
    for task in row.tasks.values():
        task.end(moment, good=data["outcome"] == "promoted")
    row.verdict, row.sentence = data.get("verdict", ""), beside_verdict(data.get("reason", ""))


def _waits(row: Row, moment: datetime, data: Data) -> None:
    row.sentence = f"waiting: {data['waitingfor']}"


def _got_turn(row: Row, moment: datetime, data: Data) -> None:
    row.sentence = ""


def _nothing(row: Row, moment: datetime, data: Data) -> None:
    """The row is there: that is all."""


def _end(row: Row, task: str, moment: datetime, *, good: bool) -> None:
    row.tasks.setdefault(task, Task(started=moment)).end(moment, good)


def _shown(task: Task | None, now: datetime, marks: Marks) -> Text:
    if task is None:
        return Text(marks.waiting, style="dim")
    took = _seconds(task.started, task.ended or now)
    if task.good is None:
        return Text(f"{marks.running} {took}", style="cyan")
    return Text(f"{marks.of(task.good)} {took}", style="green" if task.good else "red")


def _seconds(start: datetime, end: datetime) -> str:
    return f"{max(0.0, (end - start).total_seconds()):.0f} s"


def _style(verdict: str) -> str:
    if not verdict:
        return ""
    return "green" if verdict in _GOOD_VERDICTS else "yellow" if verdict == "warning" else "red"


_CHANGES: Mapping[str, Callable[[Row, datetime, Data], None]] = {
    "waiting": _waits,
    "stage-started": _got_turn,
    "step-started": _begin,
    "deployment-finished": _deployed,
    "tests-finished": _tested,
    "evaluation-done": _evaluated,
    "rollback-finished": _went_back,
    "stage-finished": _stage_over,
    "delivery-finished": _nothing,
}
"""Event type without its prefix → what it changes in its stage's row."""
