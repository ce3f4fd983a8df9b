"""What to know of a measurement before trusting it."""

import json

from lockgate.domain import promql
from lockgate.domain.evaluation import RELEASE_OF_SERIES, Answer, Window
from lockgate.domain.gate import Query
from lockgate.evaluation.explain import Graded
from lockgate.evaluation.numbers import readable


def notes(one: Graded, release: str, window: Window) -> tuple[str, ...]:
    """What the file ignored, what the source warned of, and what may be mixed into the values."""
    result = one.measurement.result
    if not isinstance(result, Answer):
        return one.grade.notes
    found = [*one.grade.notes, *(f"{one.measurement.source} warns: {warning}" for warning in result.warnings)]
    unlabelled = sum(1 for sample in one.grade.judged if not sample.labels.get(RELEASE_OF_SERIES))
    if unlabelled:
        series = f"{unlabelled} series" if unlabelled > 1 else "one series"
        query = promql.promql_in(one.measurement.source, _resolved(one))
        if query is None:
            found.append(f"{series} without the label `release`, judged as is")
        else:
            found += _mixing(query, series, release, window)
    return tuple(found)


def _resolved(one: Graded) -> Query:
    """As it was asked; an object stands there as JSON."""
    asked: Query = one.measurement.query if isinstance(one.indicator.query, str) else json.loads(one.measurement.query)
    return asked


def _mixing(query: str, series: str, release: str, window: Window) -> list[str]:
    found = []
    if promql.mixes_releases(query, release):
        found.append(f"{series} without the label `release`, judged as is: the query aggregates without selecting it")
    elif not promql.selects_release(query, release):
        found.append(f"{series} without the label `release`, judged as is")
    lookback = promql.lookback_seconds(query)
    if lookback > window.seconds:
        found.append(
            f"the query looks back {readable(lookback)} s and the tests took {readable(window.seconds)} s: "
            "the value may hold requests from before them"
        )
    return found
