"""Whole evaluations: how the verdict comes about, and that it explains itself."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.domain.evaluation import (
    Answer,
    Evaluation,
    Measurement,
    Sample,
    SpecSource,
    Subject,
    Unmeasured,
    Verdict,
    Window,
)
from lockgate.domain.gate import Gate, Indicator, Objectives, OnNoData, Thresholds
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.evaluation.judge import STALE_SECONDS, judge

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
SPEC = SpecSource(path="carts/perfspec/perfspec.json", revision="abc", text="{}")
PLACE = Place(ProjectName("sockshop"), StageName("staging"), ServiceName("carts"))
SUBJECT = Subject(PLACE, "d-1", "docker.io/keptnexamples/carts", "0.6.1", "new", "green", "carts-green")
WORDS = {"displayName": "average response time", "unit": "s"}
Values = list[float] | Answer | Unmeasured | None


def indicator(id: str = "latency", points: float = 100, ignore_empty: bool = False, **limits: float) -> Indicator:
    bounds: dict[str, Any] = dict(limits or {"upper_severe": 1.0})
    thresholds = Thresholds(**bounds)
    return Indicator(id, "Prometheus", f"{id}_query", thresholds, points, OnNoData.IGNORE if ignore_empty else None)


def gate(*indicators: Indicator, passing: float = 90, warning: float = 75) -> Gate:
    return Gate(indicators=indicators, objectives=Objectives(passing=passing, warning=warning))


def measured(id: str, values: Values) -> Measurement:
    if isinstance(values, list):
        samples = tuple(Sample({"release": "new", "pod": f"p{n}"}, value, 0.0) for n, value in enumerate(values))
        return Measurement(id, "Prometheus", f"{id}_query", Answer(samples, "POST"))
    assert values is not None
    return Measurement(id, "Prometheus", f"{id}_query", values)


def verdict_on(the_gate: Gate, *values: Values) -> Evaluation:
    """*values* in the order of the indicators; None measures nothing."""
    pairs = zip(the_gate.indicators, values, strict=True)
    measurements = [measured(one.id, value) for one, value in pairs if value is not None]
    return judge(the_gate, measurements, SUBJECT, WINDOW, SPEC, "e-1")


def test_a_slow_artifact_fails_and_the_sentence_says_it_all() -> None:
    one = Indicator("latency", "Prometheus", "q", Thresholds(upper_severe=1), 100, metadata=WORDS)
    evaluation = verdict_on(gate(one), [1.0234])
    assert evaluation.verdict is Verdict.FAIL
    assert evaluation.sentence == (
        "failed: average response time 1.02 s is over 1 s (upperSevere): 0 of 100 points, 90 needed"
    )
    assert evaluation.would_pass == "it would have passed with average response time below 1 s"
    assert evaluation.arithmetic == (
        "latency: 0 of 100 points",
        "sum: 0 of 100 points",
        "pass takes 90, warning 75: fail",
    )
    (result,) = evaluation.indicators
    assert result.sentence == "failed: average response time 1.02 s is over 1 s (upperSevere): 0 of 100 points"
    assert result.would_pass == "average response time below 1 s"
    assert result.targets == {"upperSevere": 1}
    assert (result.points, result.points_possible, result.verdict) == (0, 100, Verdict.FAIL)


def test_a_fast_artifact_passes_with_its_value() -> None:
    evaluation = verdict_on(gate(indicator()), [0.0123])
    assert evaluation.verdict is Verdict.PASS
    assert evaluation.sentence == "passed: latency 0.0123 is below 1: 100 of 100 points, 90 needed"
    assert evaluation.would_pass == ""
    assert (evaluation.score, evaluation.score_possible, evaluation.needed["warning"]) == (100, 100, 75)
    assert (evaluation.id, evaluation.subject, evaluation.window, evaluation.spec) == ("e-1", SUBJECT, WINDOW, SPEC)


def test_enough_points_for_a_warning_only_is_a_warning() -> None:
    the_gate = gate(indicator("a", 50), indicator("b", 50, upper_warning=1.0, upper_severe=2.0))
    evaluation = verdict_on(the_gate, [0.5], [1.5])
    assert evaluation.verdict is Verdict.WARNING
    assert evaluation.score == 75
    assert evaluation.sentence == (
        "passed with a warning: b 1.5 is over 1 (upperWarning): 75 of 100 points, 75 needed for a warning, 90 to pass"
    )
    assert evaluation.would_pass == "it would have passed with b below 1"


def test_a_value_at_its_limit_is_told_as_such() -> None:
    assert "latency 1 is at the limit of 1 (upperSevere)" in verdict_on(gate(indicator()), [1.0]).sentence
    below = verdict_on(gate(indicator(lower_severe=5.0)), [4.0])
    assert "latency 4 is under 5 (lowerSevere)" in below.sentence
    assert below.would_pass == "it would have passed with latency above 5"


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([0.1], [0.1], Verdict.PASS),
        ([5.0], [0.1], Verdict.FAIL),
        ([0.1], [], Verdict.NO_DATA),
        ([0.1], [math.nan], Verdict.NO_DATA),
        ([0.1], Unmeasured("timed out"), Verdict.ERROR),
        ([0.1], None, Verdict.ERROR),
        ([], Unmeasured("timed out"), Verdict.ERROR),
        (None, None, Verdict.ERROR),
        ([5.0], [], Verdict.FAIL),
        ([5.0], Unmeasured("timed out"), Verdict.FAIL),
        ([5.0], None, Verdict.FAIL),
        ([5.0, math.nan], [0.1], Verdict.FAIL),
    ],
)
def test_what_is_missing_matters_unless_the_gate_is_lost_already(
    first: Values, second: Values, verdict: Verdict
) -> None:
    assert verdict_on(gate(indicator("a", 50), indicator("b", 50)), first, second).verdict is verdict


def test_a_breach_that_a_good_value_could_still_outweigh_does_not_decide() -> None:
    the_gate = gate(indicator("a", 20), indicator("b", 80))
    assert verdict_on(the_gate, [5.0], []).verdict is Verdict.NO_DATA
    assert verdict_on(the_gate, [5.0], Unmeasured("refused")).verdict is Verdict.ERROR
    assert verdict_on(the_gate, [5.0], [0.1]).verdict is Verdict.WARNING


def test_a_warning_beside_a_missing_series_decides_when_it_costs_the_gate() -> None:
    one = indicator(upper_warning=1.0, upper_severe=2.0)
    assert verdict_on(gate(one), [1.5, math.nan]).verdict is Verdict.FAIL
    assert verdict_on(gate(one, warning=50), [1.5, math.nan]).verdict is Verdict.NO_DATA
    assert verdict_on(gate(one, warning=50), [1.5]).verdict is Verdict.WARNING


def test_missing_data_is_told_with_what_would_pass() -> None:
    evaluation = verdict_on(gate(indicator("a", 50), indicator("b", 50)), [0.1], [math.nan])
    assert evaluation.sentence == (
        "not judged, no data: b has no data: 1 of 1 series is NaN (0 divided by 0: no requests)"
    )
    assert evaluation.would_pass == "it would have passed with b below 1, once there are values"
    assert evaluation.arithmetic[1] == "b: 0 of 50 points (no_data)"
    both = verdict_on(gate(indicator("a", 50, upper_warning=1.0), indicator("b", 50)), [2.0, math.nan], [0.1])
    assert "a 2 is over 1 (upperWarning), and has no data: 1 of 2 series is NaN" in both.sentence


def test_an_error_is_told_with_the_sources_words() -> None:
    evaluation = verdict_on(gate(indicator()), Unmeasured("Prometheus at http://x gave no answer in 10 s"))
    assert evaluation.verdict is Verdict.ERROR
    assert evaluation.sentence == (
        "not judged, error: latency could not be measured: Prometheus at http://x gave no answer in 10 s"
    )
    assert evaluation.would_pass == "it would have passed with latency below 1, once Prometheus gives a value"


def test_what_would_pass_is_the_least_that_is_needed() -> None:
    the_gate = gate(indicator("a", 10), indicator("b", 60), indicator("c", 30), passing=90, warning=80)
    evaluation = verdict_on(the_gate, [5.0], [5.0], [5.0])
    assert evaluation.would_pass == "it would have passed with b below 1 and c below 1"
    sentence = "failed: b 5 is over 1 (upperSevere); c 5 is over 1 (upperSevere); a 5 is over 1 (upperSevere): 0 of"
    assert evaluation.sentence.startswith(sentence)
    missing = verdict_on(gate(indicator("a", 20), indicator("b", 80), passing=80, warning=50), [5.0], [])
    assert missing.would_pass == "it would have passed with b below 1, once there are values"


def test_a_long_list_of_reasons_is_cut() -> None:
    evaluation = verdict_on(gate(*(indicator(name, 20) for name in "abcde")), *([[5.0]] * 5))
    assert "; and 2 more: 0 of 100 points" in evaluation.sentence


def test_ignored_emptiness_passes_and_is_said() -> None:
    evaluation = verdict_on(gate(indicator(ignore_empty=True)), [])
    assert evaluation.verdict is Verdict.PASS
    assert evaluation.sentence == (
        "passed: latency has no data, which the file ignores (ignoreEmpty): 100 of 100 points, 90 needed"
    )
    assert evaluation.indicators[0].notes == ("the query returned no series: ignored, as the file asks (ignoreEmpty)",)


def test_a_gate_without_indicators_has_nothing_to_judge() -> None:
    evaluation = verdict_on(Gate((), Objectives(passing=0, warning=0)))
    assert evaluation.verdict is Verdict.NO_DATA
    assert evaluation.sentence == "not judged, no data: the gate has no indicators"


def test_a_gate_that_nothing_can_reach_fails_without_a_breach_to_name() -> None:
    evaluation = verdict_on(gate(indicator(), passing=500, warning=400), [0.1])
    assert evaluation.verdict is Verdict.FAIL
    assert "no bound is broken: 100 of 100 points, 500 needed" in evaluation.sentence
    assert evaluation.would_pass == "nothing would have passed: 100 points can be earned, 500 needed"
    assert verdict_on(gate(indicator(), passing=500, warning=400), []).verdict is Verdict.NO_DATA


def test_parts_that_add_up_in_decimals_reach_their_sum() -> None:
    the_gate = gate(indicator("a", 0.7), indicator("b", 0.1), passing=0.8, warning=0.8)
    assert verdict_on(the_gate, [0.1], [0.1]).verdict is Verdict.PASS
    assert verdict_on(gate(indicator(), passing=100.00001, warning=90), [0.1]).verdict is Verdict.WARNING


def test_bounds_that_overlap_are_said_to_pass_at_no_value() -> None:
    for lower, value in ((10.0, 7.0), (5.0, 5.0)):
        evaluation = verdict_on(gate(indicator(lower_warning=lower, upper_warning=5.0)), [value])
        assert (evaluation.verdict, evaluation.score) == (Verdict.FAIL, 25)
        assert evaluation.indicators[0].would_pass == "latency at no value at all (its bounds overlap)"


def test_values_between_two_bounds_and_without_any_are_told() -> None:
    both = verdict_on(gate(indicator(lower_severe=1.0, lower_warning=3.0)), [3.0004, 90.0])
    assert both.sentence.startswith("passed: latency 3.0004 is above 3:")
    between = verdict_on(gate(indicator(lower_severe=1.0, upper_warning=3.0, upper_severe=5.0)), [2.0, 2.9])
    assert between.sentence.startswith("passed: latency 2.9 is above 1 and below 3")
    free = Indicator("latency", "Prometheus", "q", Thresholds(), 100)
    assert verdict_on(gate(free), [2.0]).sentence.startswith("passed: latency 2 is at any value")


@pytest.mark.parametrize("ids", [["stranger"], ["latency", "latency"]])
def test_measurements_that_do_not_fit_the_gate_are_a_bug_and_stay_loud(ids: list[str]) -> None:
    with pytest.raises(ValueError, match="was measured"):
        judge(gate(indicator()), [measured(id, [0.1]) for id in ids], SUBJECT, WINDOW, SPEC, "e-1")


def answer_for(query: str, *samples: Sample, warnings: tuple[str, ...] = ()) -> Evaluation:
    one = Indicator("latency", "Prometheus", query, Thresholds(upper_severe=1), 100)
    measurement = Measurement("latency", "Prometheus", query, Answer(samples, "POST", warnings))
    return judge(gate(one), [measurement], SUBJECT, WINDOW, SPEC, "e-1")


def test_a_sources_warnings_are_kept() -> None:
    evaluation = answer_for("x", Sample({"release": "new"}, 0.1, 0), warnings=("partial response",))
    assert evaluation.indicators[0].notes == ("Prometheus warns: partial response",)


@pytest.mark.parametrize(
    ("query", "labels", "notes"),
    [
        ("rate(x[1m])", {"release": "new"}, []),
        ("rate(x[10s])", {}, ["one series without the label `release`, judged as is"]),
        ("rate(x[1m])", {}, ["judged as is", "looks back 60 s and the tests took 15 s"]),
        ("sum(rate(x[15s]))", {}, ["judged as is: the query aggregates without selecting it"]),
        ("sum(rate(x{release='old'}[15s]))", {}, ["the query aggregates without selecting it"]),
        ("sum(rate(x{release='new'}[15s]))", {}, []),
        ("sum(rate(x{release='new'}[1m]))", {}, ["looks back 60 s"]),
    ],
)
def test_a_value_that_may_hold_more_than_this_release_is_marked(
    query: str, labels: dict[str, str], notes: list[str]
) -> None:
    found = answer_for(query, Sample(labels, 0.1, 0)).indicators[0].notes
    assert [words in note for words, note in zip(notes, found, strict=True)] == [True] * len(notes)


def test_several_series_without_a_release_are_counted_and_an_object_is_not_read_as_promql() -> None:
    two = answer_for("x", Sample({}, 0.1, 0), Sample({"a": "b"}, 0.1, 0))
    assert two.indicators[0].notes[0].startswith("2 series without the label")
    one = Indicator("latency", "Dynatrace", {"timeseriesId": "x"}, Thresholds(upper_severe=1), 100)
    measurement = Measurement("latency", "Dynatrace", '{"timeseriesId": "x"}', Answer((Sample({}, 0.1, 0),), "GET"))
    notes = judge(gate(one), [measurement], SUBJECT, WINDOW, SPEC, "e-1").indicators[0].notes
    assert notes == ("one series without the label `release`, judged as is",)


def test_a_range_query_is_read_as_promql() -> None:
    query = {"query": "sum(rate(x[15s]))", "step": "5s", "aggregate": "max"}
    one = Indicator("latency", "Prometheus/eu", query, Thresholds(upper_severe=1), 100)
    asked = Measurement("latency", "Prometheus/eu", json.dumps(query), Answer((Sample({}, 0.1, 0),), "GET"))
    notes = judge(gate(one), [asked], SUBJECT, WINDOW, SPEC, "e-1").indicators[0].notes
    assert "the query aggregates without selecting it" in notes[0]


RESULTS = st.one_of(
    st.lists(st.floats(0, 3) | st.sampled_from([math.nan, math.inf]), max_size=3),
    st.just(Unmeasured("refused")),
    st.none(),
)


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans(), RESULTS), min_size=1, max_size=5), st.data())
def test_nothing_promotes_without_a_number_for_everything_that_is_not_ignored(
    rows: list[tuple[int, bool, Values]], data: st.DataObject
) -> None:
    total = sum(points for points, _, _ in rows)
    passing = data.draw(st.integers(1, total))
    warning = data.draw(st.integers(1, passing))
    indicators = [
        indicator(f"i{n}", points, ignored, upper_warning=1.0, upper_severe=2.0)
        for n, (points, ignored, _) in enumerate(rows)
    ]
    evaluation = verdict_on(gate(*indicators, passing=passing, warning=warning), *(values for *_, values in rows))
    if evaluation.verdict.promotes:
        for _, ignored, values in rows:
            assert isinstance(values, list)
            is_lost = any(2.0 <= value < math.inf for value in values)  # no further series could mend that
            assert ignored or is_lost or (values and all(math.isfinite(value) for value in values))
        assert evaluation.score >= warning - 1e-6
    if evaluation.verdict is Verdict.FAIL:
        assert any(one.violations for one in evaluation.indicators)
    assert evaluation.sentence
    assert (evaluation.would_pass == "") == (evaluation.verdict is Verdict.PASS)
    assert evaluation.score == pytest.approx(sum(one.points for one in evaluation.indicators))


def test_a_sample_from_before_the_window_is_stale_and_no_data() -> None:
    start = WINDOW.start.timestamp()
    for age, verdict in ((0.0, Verdict.PASS), (STALE_SECONDS - 1, Verdict.PASS), (STALE_SECONDS + 1, Verdict.NO_DATA)):
        sample = Sample({}, 0.1, start - age)
        measured = Measurement("latency", "Prometheus", "latency", Answer((sample,), "latency"))
        evaluation = judge(gate(indicator()), [measured], SUBJECT, WINDOW, SPEC, "e")
        assert evaluation.verdict is verdict
    assert "1 of 1 series is stale" in evaluation.sentence
    assert "it is stale, of 1 s before what may count" in evaluation.indicators[0].set_aside[0].reason


def test_a_sample_dated_after_the_window_is_no_data() -> None:
    end = WINDOW.end.timestamp()
    for after, verdict in ((0.0, Verdict.PASS), (STALE_SECONDS, Verdict.PASS), (STALE_SECONDS + 1, Verdict.NO_DATA)):
        measured = Measurement("latency", "Prometheus", "latency", Answer((Sample({}, 0.1, end + after),), "latency"))
        evaluation = judge(gate(indicator()), [measured], SUBJECT, WINDOW, SPEC, "e")
        assert evaluation.verdict is verdict
    assert "1 of 1 series is of a time to come" in evaluation.sentence
    assert "it is dated 1 s after what may count" in evaluation.indicators[0].set_aside[0].reason
