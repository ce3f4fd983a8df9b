"""The rows of the reference page that one judgement can show."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.lockgate.evaluation.cases import objective, perfspec, relative, run_before, slo, verdict_on

from lockgate.domain.evaluation import Evaluation, Sample, Unmeasured
from lockgate.domain.gate import OnNoData

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/gate-semantics.md"
ONE = relative({}, upper_severe=1.0)
TWO = (ONE, replace(ONE, id="second"))
TEN = relative({"upperSevere": 10})
OLD = Sample({"release": "old"}, 9.0, 0.0)
TWICE = Sample({"release": "new", "pod": "p0"}, 0.1, 0.0)

ROWS: dict[str, list[tuple[str, Callable[[], Evaluation]]]] = {
    "`NaN` or `±Inf` from Prometheus (no requests)": [
        ("no_data", lambda: verdict_on(perfspec(ONE), [math.nan])),
        ("no_data", lambda: verdict_on(perfspec(ONE), [-math.inf])),
    ],
    "no series": [
        ("no_data", lambda: verdict_on(perfspec(ONE), [])),
        ("pass", lambda: verdict_on(perfspec(replace(ONE, on_no_data=OnNoData.IGNORE)), [])),
        ("fail", lambda: verdict_on(perfspec(replace(ONE, on_no_data=OnNoData.FAIL)), [])),
    ],
    "one of several series without a number": [
        ("no_data", lambda: verdict_on(perfspec(ONE), [0.1, math.nan])),
        ("fail", lambda: verdict_on(perfspec(ONE), [1.1, math.nan])),
    ],
    "fewer series than `minSamples`": [
        ("no_data", lambda: verdict_on(perfspec(replace(ONE, min_samples=2)), [0.1])),
        ("pass", lambda: verdict_on(perfspec(replace(ONE, min_samples=2)), [0.1, 0.1])),
        ("no_data", lambda: verdict_on(perfspec(replace(ONE, min_samples=2)), [TWICE, TWICE])),
        ("fail", lambda: verdict_on(perfspec(replace(ONE, min_samples=2)), [TWICE, replace(TWICE, value=1.1)])),
    ],
    "the source refuses, hangs, or answers what is no answer": [
        ("error", lambda: verdict_on(perfspec(ONE), Unmeasured("refused"))),
    ],
    "something is missing, and the rest has failed already": [
        ("fail", lambda: verdict_on(perfspec(*TWO, passing=200, warning=150), [2], [])),
        ("fail", lambda: verdict_on(perfspec(*TWO, passing=200, warning=150), [2], Unmeasured("refused"))),
    ],
    "a bound of `0`": [
        ("fail", lambda: verdict_on(perfspec(relative({}, upper_severe=0)), [0])),
    ],
    "relative criteria in a first run": [
        ("no_data", lambda: verdict_on(slo(objective("<=+10%")), [500])),
        ("pass", lambda: verdict_on(slo(replace(objective("<=+10%"), first_run_passes=True)), [500])),
        ("pass", lambda: verdict_on(slo(objective("<=+10%", "<600")), [500])),
        ("fail", lambda: verdict_on(slo(objective("<=+10% <600")), [700])),
    ],
    "a limit that comes out beyond all numbers": [
        ("no_data", lambda: verdict_on(perfspec(TEN), [1], earlier=[run_before([1.7e308])])),
    ],
    "an absolute and a relative bound of one name": [
        (
            "fail",
            lambda: verdict_on(
                perfspec(relative({"upperSevere": 10}, upper_severe=1.0)), [1.05], earlier=[run_before([1.0])]
            ),
        ),
    ],
    "only informational objectives": [("no_data", lambda: verdict_on(slo(objective()), [1]))],
    "`weight: 0`": [
        ("fail", lambda: verdict_on(slo(objective("<1", points=1), objective("=0", id="b", points=0)), [2], [0])),
    ],
    "a series of another release": [
        ("pass", lambda: verdict_on(perfspec(ONE), [0.1, OLD])),
        ("no_data", lambda: verdict_on(perfspec(ONE), [OLD])),
    ],
    "`0.7 + 0.1` of `0.8` points": [
        (
            "pass",
            lambda: verdict_on(
                perfspec(replace(ONE, points=0.7), replace(ONE, id="b", points=0.1), passing=0.8, warning=0.8),
                [0.1],
                [0.1],
            ),
        ),
    ],
}
CELLS = [(row, verdict, judged) for row, cells in ROWS.items() for verdict, judged in cells]


@pytest.mark.parametrize(("row", "verdict", "judged"), CELLS)
def test_the_engine_does_what_its_page_says(row: str, verdict: str, judged: Callable[[], Evaluation]) -> None:
    (line,) = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {row} |")]
    assert line.count("|") == 5
    assert judged().verdict == verdict
