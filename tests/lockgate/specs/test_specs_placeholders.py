"""Placeholders: longest name first, nothing unknown, nothing that changes the query."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import Subject, Window
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.specs.placeholders import NAMES, query_text, resolve, unknown_in, values_of

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
SUBJECT = Subject(
    place=Place(ProjectName("sockshop"), StageName("staging"), ServiceName("carts")),
    delivery="d",
    image="docker.io/keptnexamples/carts",
    tag="0.6.1_prometheus",
    release="r-7",
    colour="green",
    deployment="carts-green",
)
ALL = {name: name.lower().replace("_", ".") for name in NAMES}


def window(seconds: float) -> Window:
    return Window(START, START + timedelta(seconds=seconds))


def test_every_placeholder_stands_for_what_is_under_test() -> None:
    assert values_of(SUBJECT, window(61)) == {
        "PROJECT": "sockshop",
        "STAGE": "staging",
        "SERVICE": "carts",
        "ENVIRONMENT": "sockshop-staging",
        "DEPLOYMENT": "carts-green",
        "COLOUR": "green",
        "RELEASE": "r-7",
        "VERSION": "0.6.1_prometheus",
        "DURATION_SECONDS": "61",
        "DURATION_MINUTES": "2",
    }


LABELLED = {"LABEL.build": "b17", "LABEL.build-no": "4", "LABEL.git.branch": "main"}


@pytest.mark.parametrize(
    ("query", "resolved"),
    [
        ("x{build='$LABEL.build'}", "x{build='b17'}"),
        ("$LABEL.build-no", "4"),
        ("$LABEL.build-blue", "b17-blue"),
        ("$LABEL.git.branch.eu", "main.eu"),
        ("$LABEL.build.", "b17."),
    ],
)
def test_a_label_stands_for_what_the_sender_said(query: str, resolved: str) -> None:
    assert unknown_in(query) == ()
    assert resolve(query, LABELLED) == resolved


@pytest.mark.parametrize(
    ("query", "values", "words"),
    [
        (
            "$LABEL.builds",
            LABELLED,
            r"no label 'builds': it has build, build-no, git\.branch; send it with --label builds=",
        ),
        ("$LABEL.git", {}, "no label 'git': it has none"),
        ("$LABEL.build", {"LABEL.build": '"} or up{a="'}, "may only take letters"),
    ],
)
def test_a_label_that_is_missing_or_would_change_the_query_is_refused(
    query: str, values: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidError, match=words):
        resolve(query, values)


def test_the_labels_of_the_artifact_are_among_the_values() -> None:
    labelled = replace(SUBJECT, labels={"build": "b17"})
    assert values_of(labelled, window(1))["LABEL.build"] == "b17"
    assert len(unknown_in("$LABEL $LABEL.")) == 1


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, ("1", "1")), (0.2, ("1", "1")), (60, ("60", "1")), (60.5, ("61", "2")), (-5, ("1", "1"))]
)
def test_a_duration_is_rounded_up_and_never_zero(seconds: float, shown: tuple[str, str]) -> None:
    values = values_of(SUBJECT, window(seconds))
    assert (values["DURATION_SECONDS"], values["DURATION_MINUTES"]) == shown


@pytest.mark.parametrize(
    ("query", "resolved"),
    [
        ("rate(x[$DURATION_MINUTESm])", "rate(x[duration.minutesm])"),
        ("rate(x[$DURATION_SECONDSs])", "rate(x[duration.secondss])"),
        ("$SERVICE-$ENVIRONMENT", "service-environment"),
        ("$SERVICE_$STAGE", "service_stage"),
        ("carts_$STAGE_total", "carts_stage_total"),
        ('label_replace(x, "a", "$1", "b", "(.*)$")', 'label_replace(x, "a", "$1", "b", "(.*)$")'),
        ("cost in $$", "cost in $$"),
    ],
)
def test_placeholders_are_replaced_and_other_dollars_stay(query: str, resolved: str) -> None:
    assert resolve(query, ALL) == resolved
    assert unknown_in(query) == ()


def test_texts_inside_an_object_are_resolved_too() -> None:
    query = {"tags": ["service:$SERVICE", 3], "entity": {"name": "$STAGE", "deep": None}}
    assert resolve(query, ALL) == {"tags": ["service:service", 3], "entity": {"name": "stage", "deep": None}}


@pytest.mark.parametrize(
    "name", ["$FOO", "$DURATION", "$STAGE_NAME", "$RELEASES", "$STAGE9", "$stage", "${STAGE}", "$_x"]
)
def test_an_unknown_placeholder_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(InvalidError, match=r"unknown placeholder .*known are \$PROJECT"):
        resolve(f"x{{a='{name}'}}", ALL)
    assert len(unknown_in({"q": [name, name]})) == 1


@pytest.mark.parametrize("tag", ["'} or vector(0) #", 'x"', "a}b", "a\\", "a b", "a\n"])
def test_a_value_cannot_change_what_the_query_asks(tag: str) -> None:
    values = values_of(replace(SUBJECT, tag=tag), window(60))
    with pytest.raises(InvalidError, match=r"\$VERSION is .*select by another placeholder"):
        resolve("x{version='$VERSION'}", values)
    assert resolve("x{release='$RELEASE'}", values) == "x{release='r-7'}"


def test_a_placeholder_without_a_value_is_an_error_and_never_left_in_the_query() -> None:
    with pytest.raises(InvalidError, match="unknown placeholder"):
        resolve("x{stage='$STAGE'}", {})


def test_a_query_is_shown_as_one_text() -> None:
    assert query_text("up") == "up"
    assert query_text({"a": ["ü"]}) == '{"a": ["ü"]}'
