"""The perfspec: the files of 0.2.2 as they were, and every fault at once with file, line and the way out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lockgate.domain.errors import SpecError
from lockgate.domain.gate import Bound, Criteria, Gate, Indicator, Objectives, OnNoData, Thresholds
from lockgate.specs.criterion import parse_criterion
from lockgate.specs.perfspec import parse_perfspec, warnings

ORIGINAL_QUERY = (
    "rate(requests_latency_seconds_sum{job='carts-$ENVIRONMENT'}[$DURATION_MINUTESm])"
    "/rate(requests_latency_seconds_count{job='carts-$ENVIRONMENT'}[$DURATION_MINUTESm])"
)
# Both files of the document's carts service in one.
ORIGINAL: dict[str, Any] = {
    "spec_version": "1.0",
    "indicators": [
        {
            "id": "ResponseTime_Backend",
            "source": "Dynatrace",
            "query": {
                "timeseriesId": "com.dynatrace.builtin:service.responsetime",
                "aggregation": "AVG",
                "startTimestamp": "",
                "endTimestamp": "",
            },
            "grading": {
                "type": "Threshold",
                "thresholds": {"upperSevere": 1000000, "upperWarning": 800000},
                "metricScore": 100,
            },
        },
        {
            "id": "request_latency_seconds",
            "source": "Prometheus",
            "query": ORIGINAL_QUERY,
            "grading": {"type": "Threshold", "thresholds": {"upperSevere": 0.8}, "metricScore": 100},
        },
    ],
    "objectives": {"pass": 90, "warning": 75},
}


def small(**changes: Any) -> dict[str, Any]:
    """A valid file with one indicator; a change's name is a path with `__` for `.`, and None takes the field away."""
    grading = {"type": "Threshold", "thresholds": {"upperSevere": 1}, "metricScore": 100}
    indicator = {"id": "a", "source": "Prometheus", "query": "up", "grading": grading}
    whole: dict[str, Any] = {
        "indicators": [indicator],
        "objectives": {"pass": 90, "warning": 75},
        "indicator": indicator,
    }
    for path, value in changes.items():
        *folders, name = path.split("__")
        target = whole
        for folder in folders:
            target = target[folder]
        if value is None:
            del target[name]
        else:
            target[name] = value
    del whole["indicator"]
    return whole


def gate_of(content: dict[str, Any]) -> Gate:
    return parse_perfspec("carts/perfspec/perfspec.json", json.dumps(content))


def faults_of(content: dict[str, Any] | str) -> list[str]:
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(SpecError) as caught:
        parse_perfspec("p.json", text)
    return [str(fault) for fault in caught.value.faults]


def test_the_original_file_is_read_unchanged() -> None:
    gate = gate_of(ORIGINAL)
    assert gate.objectives == Objectives(passing=90, warning=75)
    assert gate.points == 200
    backend, latency = gate.indicators
    assert backend.query == ORIGINAL["indicators"][0]["query"]
    assert backend.grading == Thresholds(upper_warning=800000, upper_severe=1000000)
    assert latency == Indicator(
        "request_latency_seconds", "Prometheus", ORIGINAL_QUERY, Thresholds(upper_severe=0.8), 100
    )


def test_everything_optional_is_accepted() -> None:
    content = small(
        spec_version="1.1",
        indicator__metadata={"displayName": "response time", "unit": "s"},
        indicator__output="total",
        indicator__grading__ignoreEmpty=True,
        indicator__grading__metadata={"team": {"name": "a"}},
        indicator__source="prometheus",
        **{"$schema": "https://example.org/perfspec.json"},
    )
    (indicator,) = gate_of(content).indicators
    assert indicator.on_no_data is OnNoData.IGNORE
    assert indicator.metadata == {"displayName": "response time", "unit": "s", "team": {"name": "a"}}
    assert (indicator.title, indicator.unit, indicator.source) == ("response time", "s", "Prometheus")


@pytest.mark.parametrize("version", ["1.1", None])
def test_bounds_relative_to_an_earlier_run_stand_beside_absolute_ones(version: str | None) -> None:
    bounds = {"lowerSeverePerc": 20, "lowerWarningPerc": 10, "upperWarningPerc": 0, "upperSeverePerc": 15}
    content = small(indicator__grading__thresholds={**bounds, "upperSevere": 2}, indicator__grading__firstRun="pass")
    gate = gate_of(content if version is None else {**content, "spec_version": version})
    (indicator,) = gate.indicators
    assert indicator.first_run_passes
    assert indicator.grading == Thresholds(
        upper_severe=2,
        percent={
            Bound.LOWER_SEVERE: 20,
            Bound.LOWER_WARNING: 10,
            Bound.UPPER_WARNING: 0,
            Bound.UPPER_SEVERE: 15,
        },
    )
    assert gate.is_relative
    assert (gate.comparison.results, gate.comparison.verdicts) == (1, frozenset({"pass", "warning"}))


def test_a_file_says_in_the_open_what_no_data_means() -> None:
    (failing,) = gate_of(small(indicator__grading__onNoData="fail", indicator__grading__minSamples=3)).indicators
    assert (failing.on_no_data, failing.min_samples) == (OnNoData.FAIL, 3)
    assert not failing.first_run_passes
    assert not failing.is_relative
    (ignoring,) = gate_of(small(indicator__grading__onNoData="ignore")).indicators
    assert ignoring.on_no_data is OnNoData.IGNORE
    both = small(indicator__grading__onNoData="ignore", indicator__grading__ignoreEmpty=True)
    assert gate_of(both).indicators[0].on_no_data is OnNoData.IGNORE
    (silent,) = gate_of(small(indicator__grading__ignoreEmpty=False)).indicators
    assert (silent.on_no_data, silent.min_samples) == (None, 1)


def test_an_indicator_without_a_display_name_is_called_by_its_id() -> None:
    (indicator,) = gate_of(small(indicator__metadata={"displayName": "", "unit": 3})).indicators
    assert (indicator.title, indicator.unit) == ("a", "")


def test_zero_is_a_bound_like_any_other() -> None:
    (indicator,) = gate_of(small(indicator__grading__thresholds={"upperSevere": 0, "lowerWarning": -1})).indicators
    assert indicator.grading == Thresholds(lower_warning=-1, upper_severe=0)
    assert isinstance(indicator.grading, Thresholds)
    assert [(bound.value, limit) for bound, limit in indicator.grading] == [("lowerWarning", -1), ("upperSevere", 0)]


@pytest.mark.parametrize(
    "changes",
    [
        {"objectives__warning": 90},
        {"objectives__pass": 100},
        {"objectives__pass": 1, "objectives__warning": 0.5},
        {"indicator__grading__thresholds": {"upperWarning": 1, "upperSevere": 1}},
        {"indicator__grading__thresholds": {"lowerWarning": 1, "lowerSevere": 1}},
        {"indicator__grading__thresholds": {"lowerSevere": 1, "upperSevere": 1.01}},
    ],
)
def test_what_is_just_possible_is_accepted_without_a_warning(changes: dict[str, Any]) -> None:
    assert warnings(gate_of(small(**changes))) == ()


def test_without_a_warning_objective_only_a_pass_promotes() -> None:
    assert gate_of(small(objectives__warning=None)).objectives == Objectives(passing=90, warning=90)


@pytest.mark.parametrize(
    ("written", "query", "read"),
    [
        ("file", {"samples": "x"}, "File"),
        ("DYNATRACE", {"metricSelector": "x"}, "Dynatrace"),
        ("prometheus/eu", {"query": "x"}, "Prometheus/eu"),
        ("Http", {"url": "/x", "value": "$"}, "Http"),
    ],
)
def test_a_source_is_a_kind_or_one_of_several_of_a_kind(written: str, query: object, read: str) -> None:
    content = json.dumps(small(indicator__source=written, indicator__query=query))
    assert parse_perfspec("p.json", content).indicators[0].source == read


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"indicator__source": "Promtheus"}, "unknown metric source 'Promtheus': did you mean 'prometheus'? Known are"),
        ({"indicator__id": ""}, "indicators[0].id: must not be empty"),
        ({"indicator__id": None}, "indicators[0]: field 'id' is missing"),
        ({"indicator__id": "a\x1b[2J"}, "indicators[0].id: holds the control character U+001B"),
        ({"indicator__id": "a\0"}, "indicators[0].id: holds the control character U+0000: leave it out"),
        ({"indicator__query": " "}, "indicators[0].query: must not be empty"),
        ({"indicator__query": 5}, "indicators[0].query: must be a text, not 5"),
        ({"indicator__query": ["up"]}, "must be a text, not a list"),
        ({"indicator__query": "up{a='$FOO'}"}, "unknown placeholder $FOO: known are $PROJECT"),
        ({"indicator__source": "Dynatrace", "indicator__query": {}}, "indicators[0].query: must not be empty"),
        (
            {"indicator__source": "Dynatrace", "indicator__query": {"timeseriesId": "t", "tags": ["$BAR"]}},
            "unknown placeholder $BAR",
        ),
        ({"indicator__weight": 2}, "indicators[0].weight: unknown field: Known are id, source"),
        ({"indicator__metadata": "x"}, "must be an object with fields of your own"),
        ({"indicator__grading": None}, "field 'grading' is missing"),
        ({"indicator__grading__type": "treshold"}, "unknown value 'treshold': did you mean 'Threshold'?"),
        ({"indicator__grading__type": None}, "field 'type' is missing"),
        ({"indicator__grading__metricScore": None}, "field 'metricScore' is missing"),
        ({"indicator__grading__metricScore": "100"}, "must be a number, not '100'"),
        ({"indicator__grading__metricScore": True}, "must be a number, not true"),
        ({"indicator__grading__metricScore": 10**400}, "must be a number, not 1000"),
        ({"indicator__grading__metricScore": -1}, "must be between 0 and 1e+09, not -1"),
        ({"indicator__grading__metricScore": 1e-9}, "must be 0 or at least 0.000001, not 1e-09"),
        ({"indicator__grading__ignoreEmpty": "yes"}, "must be true or false, not 'yes'"),
        ({"indicator__grading__thresholds": {}}, "there is no bound, so every value would earn all points"),
        ({"indicator__grading__thresholds": None}, "field 'thresholds' is missing"),
        ({"indicator__grading__thresholds": [1]}, "must be an object with the fields lowerSevere, lowerWarning"),
        ({"indicator__grading__thresholds": {"uperSevere": 1}}, "did you mean 'upperSevere'?"),
        ({"indicator__grading__thresholds": {"upperSevere": 2, "lowerWarning ": 1}}, "did you mean 'lowerWarning'?"),
        ({"indicator__grading__thresholds": {"upperSevere": None}}, "must be a number, not nothing"),
        (
            {"spec_version": "1.0", "indicator__grading__thresholds": {"upperSeverePerc": 10}},
            'thresholds.upperSeverePerc: is read from version 1.1 on: write "spec_version": "1.1"',
        ),
        ({"indicator__grading__thresholds": {"uperSeverePerc": 1}}, "did you mean 'upperSeverePerc'?"),
        ({"indicator__grading__thresholds": {"upperSeverePerc": "10%"}}, "must be a number, not '10%'"),
        (
            {"indicator__grading__thresholds": {"upperSeverePerc": 5, "upperWarningPerc": 10}},
            "contradictory bounds: upperWarningPerc 110 % is above upperSeverePerc 105 %",
        ),
        (
            {"indicator__grading__thresholds": {"lowerSeverePerc": 5, "lowerWarningPerc": 10}},
            "contradictory bounds: lowerSeverePerc 95 % is above lowerWarningPerc 90 %",
        ),
        (
            {"indicator__grading__thresholds": {"lowerSeverePerc": -10, "upperSeverePerc": 10}},
            "contradictory bounds: no value is above lowerSeverePerc 110 % and below upperSeverePerc 110 %",
        ),
        ({"indicator__grading__firstRun": "pass"}, "there is no relative bound that a first run could lack"),
        ({"indicator__grading__onNoData": "pass"}, "unknown value 'pass': Known are fail, ignore"),
        (
            {"indicator__grading__onNoData": "fail", "indicator__grading__ignoreEmpty": True},
            "grading.onNoData: contradicts ignoreEmpty true",
        ),
        ({"indicator__grading__minSamples": 0}, "must be between 1 and 100000, not 0"),
        ({"indicator__grading__minSamples": 1.5}, "must be a whole number, not 1.5"),
        (
            {"indicator__grading__thresholds": {"upperSevere": 1, "upperWarning": 2}},
            "contradictory bounds: upperWarning 2 is above upperSevere 1",
        ),
        (
            {"indicator__grading__thresholds": {"lowerSevere": 2, "lowerWarning": 1}},
            "contradictory bounds: lowerSevere 2 is above lowerWarning 1",
        ),
        (
            {"indicator__grading__thresholds": {"lowerSevere": 5, "upperSevere": 5}},
            "contradictory bounds: no value is above lowerSevere 5 and below upperSevere 5",
        ),
        ({"indicators": []}, "indicators: must have at least one entry"),
        ({"indicators": None}, "field 'indicators' is missing"),
        ({"indicators": {"a": 1}}, "indicators: must be a list, not an object"),
        ({"objectives": None}, "field 'objectives' is missing"),
        ({"objectives__pass": None}, "objectives: field 'pass' is missing"),
        ({"objectives__pass": 101}, "101 points can never be reached: the indicators' metricScore add up to 100"),
        ({"objectives__pass": 0, "objectives__warning": None}, "0 points are reached by every artifact"),
        ({"objectives__warning": -5}, "-5 points are reached by every artifact"),
        ({"objectives__warning": 95}, "warning 95 must not take more points than pass 90"),
        ({"objectives__passing": 3}, "unknown field: did you mean 'pass'?"),
        ({"spec_version": "2.0"}, "unknown value '2.0'"),
        ({"spec_version": 1.1}, "must be a text, not 1.1"),
        ({"slo": 1}, "slo: unknown field"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_refused_with_the_way_out(changes: dict[str, Any], words: str) -> None:
    (fault,) = faults_of(small(**changes))
    assert words in fault


def test_the_misprint_of_the_first_type_declaration_gets_a_hint() -> None:
    changes = {"indicator__grading__metricScore": None, "indicator__grading__metricsScore": 100}
    faults = faults_of(small(**changes))
    assert any("this format's word is 'metricScore'" in fault for fault in faults)
    assert any("field 'metricScore' is missing" in fault for fault in faults)


def test_a_duplicate_id_is_refused_with_both_lines() -> None:
    first = small()["indicators"][0]
    text = json.dumps({"indicators": [first, first], "objectives": {"pass": 90}}, indent=1)
    (fault,) = faults_of(text)
    assert fault == "p.json:15: indicators[1]: indicator 'a' stands twice: the first is in line 3"


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = '{"indicators": [\n{"id": 1,\n"source": "x",\n"qery": "y",\n"grading": {}}],\n"objectives": {"pass": "90"}}'
    faults = faults_of(text)
    lines = [int(fault.split(":")[1]) for fault in faults]
    assert lines == sorted(lines) == [2, 2, 3, 4, 5, 5, 5, 6]


def test_objectives_are_not_judged_by_indicators_that_could_not_be_read() -> None:
    (fault,) = faults_of(small(indicator__grading__metricScore="x"))
    assert "metricScore" in fault


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "3"])
def test_a_file_that_is_no_object_is_refused(text: str) -> None:
    assert "must be an object with the fields indicators, objectives" in faults_of(text)[0]


@pytest.mark.parametrize(
    ("query", "warned"),
    [
        (ORIGINAL_QUERY, ()),
        ("sum(rate(x{release='$RELEASE'}[$DURATION_SECONDSs]))", ()),
        ("sum(rate(x[$DURATION_SECONDSs])) by (release)", ()),
        ("sum(rate(x{job='a'}[$DURATION_MINUTESm]))", ("mix in the version before",)),
        ("sum(rate(x[5m]))", ("mix in the version before", "looks back [5m], however short the tests were")),
    ],
)
def test_a_query_that_may_mix_versions_is_accepted_with_a_warning(query: str, warned: tuple[str, ...]) -> None:
    found = warnings(gate_of(small(indicator__query=query)))
    assert [words in sentence for words, sentence in zip(warned, found, strict=True)] == [True] * len(warned)


def test_bounds_between_which_no_value_is_good_are_accepted_with_a_warning() -> None:
    for lower in (10, 5):
        gate = gate_of(small(indicator__grading__thresholds={"lowerWarning": lower, "upperWarning": 5}))
        assert "none earns all points" in warnings(gate)[0]
    relative = gate_of(small(indicator__grading__thresholds={"lowerWarningPerc": -10, "upperWarningPerc": -20}))
    _, warning = warnings(relative)
    assert "lowerWarningPerc 110 % is not below upperWarningPerc 80 %" in warning
    assert (
        warnings(gate_of(small(indicator__grading__thresholds={"lowerWarningPerc": 5, "upperWarningPerc": 5})))[1:]
        == ()
    )


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ('rate(x{release="$RELEASE"}[$DURATION_SECONDSs]', "unclosed left parenthesis"),
        ("rat(x[1m])", "unknown function with name 'rat'"),
    ],
)
def test_a_query_that_does_not_read_as_promql_is_named_at_the_push(query: str, why: str) -> None:
    told = warnings(gate_of(small(indicator__query=query)))
    assert f"'a': the query does not read as PromQL ({why})" in told[0]
    assert told[0].endswith("when Prometheus does not read it either, each delivery ends here in an error")


@pytest.mark.parametrize(
    "query",
    [
        'histogram_quantile(0.95, sum by (le, release) (rate(t_bucket{job="$SERVICE-$STAGE"}[$DURATION_MINUTESm])))',
        'max_over_time(x{service="$SERVICE", build="$LABEL.build"}[5m:10s]) / on (pod) group_left y > bool 1',
        '$SERVICE_requests_total offset 5m and x{release=~"$RELEASE|"} @ end()',
    ],
)
def test_a_query_with_placeholders_reads_as_promql(query: str) -> None:
    assert not any("does not read" in each for each in warnings(gate_of(small(indicator__query=query))))


def test_a_gate_that_no_first_run_passes_is_named_at_the_push() -> None:
    relative = {"indicator__grading__thresholds": {"upperSeverePerc": 10}}
    (warning,) = warnings(gate_of(small(**relative)))
    assert "'a': it is compared with earlier runs, and a first run has none" in warning
    assert "firstRun: pass lets it through" in warning
    assert warnings(gate_of(small(**relative, indicator__grading__firstRun="pass"))) == ()


@pytest.mark.parametrize(
    ("lists", "told"), [([["<=+10%", "<1"]], 1), ([["<=+10%"], ["<1"]], 0), ([["<1"]], 0), ([["<=+10%"], [">=-5"]], 1)]
)
def test_a_list_without_a_comparison_lets_a_first_run_through(lists: list[list[str]], told: int) -> None:
    grading = Criteria(passing=tuple(tuple(parse_criterion(text) for text in one) for one in lists))
    gate = gate_of(small())
    assert len(warnings(replace(gate, indicators=(replace(gate.indicators[0], grading=grading),)))) == told


def test_a_gate_of_criteria_is_warned_of_its_queries_alike() -> None:
    gate = gate_of(small(indicator__query="sum(rate(x[$DURATION_SECONDSs]))"))
    criteria = replace(gate.indicators[0], grading=Criteria(passing=()))
    assert len(warnings(replace(gate, indicators=(criteria,)))) == 1


def test_a_query_that_is_an_object_is_not_read_as_promql() -> None:
    assert (
        warnings(gate_of(small(indicator__source="Dynatrace", indicator__query={"metricSelector": "sum(x[5m])"}))) == ()
    )


def test_a_gate_that_is_passed_without_any_data_is_named_at_the_push() -> None:
    blind = gate_of(small(indicator__grading__ignoreEmpty=True))
    (warning,) = warnings(blind)
    assert "every indicator ignores missing data" in warning
    seeing = replace(blind.indicators[0], id="other", on_no_data=None)
    assert warnings(replace(blind, indicators=(*blind.indicators, seeing))) == ()
