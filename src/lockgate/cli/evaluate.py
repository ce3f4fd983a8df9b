"""`evaluate` judges a window now; `evaluation invalidate` takes a conclusion out of later comparisons."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.cli.client import client, segment
from lockgate.cli.ending import End, Ending
from lockgate.cli.explain import describe_evaluation
from lockgate.cli.labels import Labelled, labels_given
from lockgate.cli.manner import Manner, asking, group
from lockgate.cli.output import Format, show
from lockgate.cli.setup import read_file
from lockgate.kit.clock import SystemClock, parse_rfc3339, rfc3339
from lockgate.specs.gate_files import SLI, joined

evaluation = group("Evaluations that are there already.")

_TIMEFRAME = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ENDING = {"pass": Ending.DONE, "warning": Ending.DONE, "fail": Ending.REJECTED, "no_data": Ending.UNJUDGED}


@asking
def evaluate(
    manner: Manner,
    project: Annotated[str, typer.Option("--project", "-p", help="Its project.")],
    stage: Annotated[str, typer.Option("--stage", help="Its stage.")],
    service: Annotated[str, typer.Option("--service", "-s", help="Its service.")],
    start: Annotated[str | None, typer.Option("--start", help="Such as 2026-11-22T21:00:00Z.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="As --start.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", help="Up to now: 30s, 5m, 2h, 1d.")] = None,
    spec: Annotated[Path | None, typer.Option("--spec", help="Another gate than the one on main.")] = None,
    label: Labelled = None,
) -> None:
    """Judge any window of what has the traffic now. Nothing is stored or changed; the exit code is the verdict's."""
    first, last = _window(start, end, timeframe)
    body: dict[str, Any] = {"project": project, "stage": stage, "service": service, "start": first, "end": last}
    if label:
        body["labels"] = labels_given(label)
    if spec is not None:
        body["spec"] = {"path": str(spec), "text": _text(spec)}
    answer = client(manner).post("/v1/evaluations/now", body)
    if manner.output is Format.TABLE:
        describe_evaluation(answer)
    else:
        show(answer, manner.output, (), ())
    raise End(_ENDING.get(answer["verdict"], Ending.ERRORED))


@evaluation.command("invalidate")
@asking
def invalidate(
    manner: Manner,
    evaluation: Annotated[str, typer.Argument(metavar="EVALUATION", help="Its id.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who look at it later.")],
) -> None:
    """No later run is compared with it. What it concluded stays."""
    if not reason.strip():
        raise End(Ending.USAGE, "--reason is empty: say why, for those who look at it later")
    answer = client(manner).post(f"/v1/evaluations/{segment(evaluation)}/invalidation", {"reason": reason})
    manner.say(f"Evaluation {answer['id']} is no baseline any more: {answer['invalidated']}")
    if manner.output is not Format.TABLE:
        show(answer, manner.output, (), ())


def _window(start: str | None, end: str | None, timeframe: str | None) -> tuple[str, str]:
    if (timeframe is None) == (start is None and end is None) or (start is None) != (end is None):
        raise End(Ending.USAGE, "which window? --start and --end, or --timeframe 5m for the last five minutes")
    now = SystemClock().now()
    if timeframe is None:
        first, last = _moment("--start", start or ""), _moment("--end", end or "")
        if parse_rfc3339(last) > now:
            raise End(Ending.USAGE, f"--end {end} is still to come: it is {rfc3339(now)}")
        return first, last
    found = _TIMEFRAME.fullmatch(timeframe)
    if found is None:
        raise End(Ending.USAGE, f"--timeframe {timeframe!r} is no span of time: write 30s, 5m, 2h or 1d")
    try:
        return rfc3339(now - timedelta(seconds=int(found[1]) * _SECONDS[found[2]])), rfc3339(now)
    except OverflowError as error:
        raise End(Ending.USAGE, f"--timeframe {timeframe!r} begins before the year 1") from error


def _moment(flag: str, text: str) -> str:
    try:
        return rfc3339(parse_rfc3339(text))
    except ValueError as error:
        raise End(Ending.USAGE, f"{flag} {text!r} is no moment: write it as 2026-11-22T21:00:00Z") from error


def _text(spec: Path) -> str:
    text = read_file(spec)
    return text if spec.suffix == ".json" else joined(text, read_file(spec.parent / SLI))
