"""`explain`: all that a gate's conclusion rests on, in the words that the API and the pages give."""

import json
from typing import Annotated, Any

import typer

from lockgate.cli.client import client, segment
from lockgate.cli.manner import Manner, asking
from lockgate.cli.output import Format, printable, show
from lockgate.cli.sentences import beside_verdict
from lockgate.evaluation.shown import target_text

_MOST_SERIES = 200
"""As many as the arithmetic has lines: tens of thousands would be read by nobody."""


@asking
def explain(manner: Manner, evaluation: Annotated[str, typer.Argument(metavar="EVALUATION", help="Its id.")]) -> None:
    """Everything that a gate's conclusion rests on: queries, samples, targets, the score line by line, and its file."""
    answer = client(manner).get(f"/v1/evaluations/{segment(evaluation)}")
    if manner.output is not Format.TABLE:
        show(answer, manner.output, (), ())
        return
    describe_evaluation(answer)
    for line in answer["spec"]["text"].splitlines():
        _say(f"  {line}")


def describe_evaluation(answer: dict[str, Any]) -> None:
    """Each verdict is said once."""
    _say(f"Evaluation {answer['id']}: {answer['verdict']}")
    _say(beside_verdict(answer["sentence"]))
    if answer["would_pass"]:
        _say(answer["would_pass"])
    if answer["invalidated"]:
        _say(f"it is no baseline for later runs: {answer['invalidated']}")
    for one in answer["indicators"]:
        _describe_indicator(one)
    _say("")
    for line in answer["arithmetic"]:
        _say(line)
    _say(f"window  {answer['window']['start']} to {answer['window']['end']}")
    _say(f"release {answer['release']} of {answer['deployment']}, {answer['image']}:{answer['tag']}")
    if answer["compared_with"]:
        _say(f"against {', '.join(answer['compared_with'])}")
    revision = answer["spec"]["revision"]  # a file that was tried has none
    _say(f"gate    {answer['spec']['path']}" + (f" at {revision[:10]}" if revision else ""))


def _describe_indicator(one: dict[str, Any]) -> None:
    measured = one["measurement"]
    _say(f"\n{one['id']}: {one['sentence']}")
    _say(f"  query   {measured['query']}")
    if measured["request"] not in ("", measured["query"]):  # what was never asked has the query there
        _say(f"  asked   {measured['request']}")
    for name, limit in one["targets"].items():
        _say(f"  target  {target_text(name, limit)}")
    _say_some("judged", [f"{sample['value']}  {_labels(sample)}" for sample in _broken_first(one)])
    _say_some("aside ", [f"{aside['sample']['value']}  {aside['reason']}" for aside in one["set_aside"]])
    for line in (*one["arithmetic"], *one["notes"]):
        _say(f"  {line}")


def _broken_first(one: dict[str, Any]) -> list[dict[str, Any]]:
    """The judged series in the order of the answer; those that broke a bound first where not all can be told."""
    judged: list[dict[str, Any]] = one["judged"]
    if len(judged) <= _MOST_SERIES:
        return judged
    broken = {violation["key"] for violation in one["violations"]}
    return sorted(judged, key=lambda sample: _labels(sample) not in broken)


def _say_some(what: str, lines: list[str]) -> None:
    for line in lines[:_MOST_SERIES]:
        _say(f"  {what}  {line}")
    if len(lines) > _MOST_SERIES:
        _say(f"  {what}  and {len(lines) - _MOST_SERIES} more series: -o json has all of them")


def _labels(sample: dict[str, Any]) -> str:
    """As the arithmetic names a series, so that one search finds both."""
    return json.dumps(sample["labels"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _say(line: str) -> None:
    typer.echo(printable(line))
