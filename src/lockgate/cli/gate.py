"""`gate`: look at gates before a push does, and test them as the code that they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.cli.client import client
from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner, asking, group, local
from lockgate.cli.output import Format, printable, show
from lockgate.cli.sentences import beside_verdict
from lockgate.delivery.rehearse import differences, rehearse
from lockgate.delivery.replay import Replayed, replay
from lockgate.domain.errors import InvalidError, SpecError
from lockgate.domain.gate_case import GateCase, GateText
from lockgate.evaluation.shown import evaluation_json
from lockgate.specs.cases import parse_cases
from lockgate.specs.gate_files import SLI, joined

gate = group("Check and test quality gates.")

_MOST, _COMPARED = 500, 100


@gate.command("check")
@local
def check(
    manner: Manner,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Files as they lie in a clone, or the folder of a clone.")
    ],
) -> None:
    """What a push would say of these files. Exit code 1 when it would refuse one."""
    from lockgate.wiring.checking import check_file, check_folder  # with all that renders manifests

    faults = 0
    for file in files:
        found = check_folder(file) if file.is_dir() else check_file(str(file), _text(file))
        for fault in found.faults:
            typer.echo(printable(str(fault)))
        for remark in found.remarks:
            typer.echo(printable(f"warning: {remark}"))
        faults += len(found.faults)
    if faults:
        raise End(Ending.USAGE, f"a push would be refused: {faults} {'fault' if faults == 1 else 'faults'}")
    manner.say("a push would be accepted")


@dataclass(frozen=True, slots=True)
class _Tried:
    """*evaluation*: in JSON; None where there was none, and *wrong* says why."""

    case: GateCase
    evaluation: Mapping[str, Any] | None
    wrong: list[str]


@gate.command("test")
@local(output=True)
def test(
    manner: Manner,
    cases: Annotated[list[Path], typer.Argument(metavar="CASES…", help="Files of tests, in YAML or JSON.")],
) -> None:
    """Run the tests of gates. Exit code 1 when an expectation is not met."""
    tried = [_try(case, file.parent) for file in cases for case in parse_cases(str(file), _text(file))]
    failed = [one for one in tried if one.wrong]
    if manner.output is Format.TABLE:
        _tell(manner, tried)
    else:
        show([_json(one) for one in tried], manner.output, (), ())
    if failed:
        raise End(Ending.USAGE, f"{len(failed)} of {len(tried)} tests failed")
    idle = sum(not one.case.expect for one in tried)
    manner.say(f"{len(tried)} of {len(tried)} tests passed{f' ({idle} of them expect nothing)' if idle else ''}")


def _try(case: GateCase, folder: Path) -> _Tried:
    try:
        evaluation = evaluation_json(rehearse(case, lambda path: _text(folder / path)))
    except SpecError as error:
        return _Tried(case, None, [str(fault) for fault in error.faults])
    except InvalidError as error:
        return _Tried(case, None, [str(error)])
    return _Tried(case, evaluation, differences(evaluation, case.expect))


def _tell(manner: Manner, tried: list[_Tried]) -> None:
    for one in tried:
        if one.wrong:
            typer.echo(printable(f"FAILED  {one.case.name} ({one.case.file}:{one.case.line})"))
            for line in one.wrong:
                typer.echo(printable(f"        {line}"))
            if one.evaluation is not None:
                typer.echo(printable(f"        {one.evaluation['sentence']}"))
        else:
            manner.debug(f"ok      {one.case.name}")


def _json(one: _Tried) -> dict[str, Any]:
    return {
        "name": one.case.name,
        "file": one.case.file,
        "line": one.case.line,
        "passed": not one.wrong,
        "differences": one.wrong,
        "evaluation": one.evaluation,
    }


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise End(Ending.USAGE, f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise End(Ending.USAGE, f"{file} is not UTF-8: {error.reason} at byte {error.start}") from error
    except ValueError as error:  # the name itself
        raise End(Ending.USAGE, f"{str(file)!r} is no name of a file: {error}") from error


@gate.command("replay")
@asking
def replay_gate(
    manner: Manner,
    spec: Annotated[Path, typer.Option("--spec", help="The file to try: a perfspec….json or slo.yaml.")],
    project: Annotated[str, typer.Option("--project", "-p", help="Its project.")],
    stage: Annotated[str, typer.Option("--stage", help="Its stage.")],
    service: Annotated[str, typer.Option("--service", "-s", help="Its service.")],
    last: Annotated[int, typer.Option("--last", min=1, max=500, help="How many evaluations, from the newest.")] = 50,
) -> None:
    """What another gate would have decided for past runs, from their stored samples. Changes nothing."""
    gate = _gate_text(spec)
    # More than are shown: the oldest of those, too, were compared with earlier ones.
    asked = {"project": project, "stage": stage, "service": service, "limit": min(_MOST, last + _COMPARED)}
    past = client(manner).get("/v1/evaluations", **asked)["evaluations"]
    try:
        replayed = replay(past, gate, last)
    except SpecError as error:
        raise End(Ending.USAGE, "; ".join(str(fault) for fault in error.faults)) from error
    if not replayed:
        raise End(Ending.NOT_FOUND, f"there is no evaluation of {service} in {stage} of {project} to replay")
    flipped = [one for one in replayed if one.has_flipped]
    lost = sum(one.is_lost for one in flipped)
    rows = [_flip(one) for one in flipped]
    answer = [{"past": one.past, "now": evaluation_json(one.now), "flipped": one.has_flipped} for one in replayed]
    if rows or manner.output is not Format.TABLE:
        show(answer, manner.output, ("EVALUATION", "TAG", "WAS", "WOULD BE", "WHY"), rows)
    if lost:
        manner.say(f"{lost} of {len(replayed)} say nothing: the new file asks what was not measured then")
    manner.say(f"{len(flipped) - lost} of {len(replayed)} verdicts would have been another one")


def _gate_text(spec: Path) -> GateText:
    """An SLO file comes with the sli.yaml beside it, since a replay compares queries."""
    if spec.suffix == ".json":
        return GateText("perfspec", str(spec), _text(spec))
    text = _text(spec)  # first, since only a file has a name to stand beside
    sli = spec.with_name(SLI)
    if not sli.is_file():
        raise End(Ending.USAGE, f"{spec} has no {SLI} beside it, which names its queries: put it into {spec.parent}")
    return GateText("slo", str(spec), joined(text, _text(sli)))


def _flip(one: Replayed) -> tuple[str, ...]:
    return one.past["id"], one.past["tag"], one.past["verdict"], one.now.verdict.value, beside_verdict(one.now.sentence)
