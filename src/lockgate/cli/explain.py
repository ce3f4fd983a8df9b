"""`explain`: all that a gate's conclusion rests on, in the words that the API and the pages give."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lockgate.cli.client import client, segment
from lockgate.cli.manner import Manner, asking
from lockgate.cli.output import Format, printable, show
from lockgate.cli.sentences import beside_verdict
from lockgate.evaluation.arithmetic import MOST_LINES, broken_first
from lockgate.evaluation.shown import target_text


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
    broken = {violation["key"] for violation in one["violations"]}
    judged = broken_first(one["judged"], lambda sample: _labels(sample) in broken)
    _say_some("judged", [f"{sample['value']}  {_labels(sample)}" for sample in judged], len(one["judged"]))
    aside = one["set_aside"][:MOST_LINES]
    _say_some("aside ", [f"{each['sample']['value']}  {each['reason']}" for each in aside], len(one["set_aside"]))
    for line in (*one["arithmetic"], *one["notes"]):
        _say(f"  {line}")


def _say_some(what: str, lines: Sequence[str], all_of: int) -> None:
    for line in lines:
        _say(f"  {what}  {line}")
    if all_of > len(lines):
        _say(f"  {what}  and {all_of - len(lines)} more series: -o json has all of them")


def _labels(sample: dict[str, Any]) -> str:
    """As the arithmetic names a series, so that one search finds both."""
    return json.dumps(sample["labels"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _say(line: str) -> None:
    typer.echo(printable(line))
