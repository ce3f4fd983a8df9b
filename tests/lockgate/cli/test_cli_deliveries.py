"""`send` and `get`: what is sent, how a command ends for each outcome, and how answers are printed."""

import json
import socket
from typing import Any

import pytest
import yaml

from lockgate.domain.errors import TransientError
from lockgate.domain.event import Event, EventType
from lockgate.domain.names import StageName
from lockgate.domain.testing import Check
from lockgate.testers.memory import Tally
from lockgate.testing.world import IMAGE

CARTS = ("--project=sockshop", "--service=carts")
TOKEN = "t0ken-that-must-not-be-seen"


def sent(shell: Any, tag: str, *more: str) -> Any:
    return shell.run("send", "event", "new-artifact", *CARTS, f"--image={IMAGE}", f"--tag={tag}", *more)


def deliver(shop: Any, tag: str) -> str:
    """By the world itself; the story goes on in the background."""
    return str(shop.call(shop.world.send(tag)).id)


def over(shop: Any, tag: str) -> str:
    delivery = deliver(shop, tag)
    shop.until(lambda: shop.call(shop.world.store.delivery(delivery)).outcome)
    return delivery


def test_send_prints_the_delivery_its_page_and_the_command_to_follow(shop: Any, shell: Any) -> None:
    shop.turns = 0
    answer = sent(shell, "0.6.0")
    assert answer.code == 0
    first, delivery, page, follow = answer.out.splitlines()
    id_ = delivery.removeprefix("Delivery ")
    assert first == (
        "Starting to send a new-artifact-event to deploy the service carts in project sockshop "
        f"in version {IMAGE}:0.6.0"
    )
    assert page.startswith(f"Page     {shop.endpoint}/open?code=")
    assert follow == f"Follow   lockgate get delivery {id_} --watch"
    assert shop.call(shop.world.store.delivery(id_)).artifact.tag == "0.6.0"


@pytest.mark.parametrize(("image", "reference"), [(f"{IMAGE}:1.0", f"{IMAGE}:1.0"), (f"{IMAGE}/", f"{IMAGE}:latest")])
def test_the_tag_may_stand_in_the_image_and_is_latest_otherwise(
    image: str, reference: str, shop: Any, shell: Any
) -> None:
    shop.turns = 0
    answer = shell.run("send", "new-artifact", *CARTS, f"--image={image}")
    assert f"in version {reference}\n" in answer.out


def test_a_promoted_delivery_ends_the_wait_with_0_and_its_story(shop: Any, shell: Any) -> None:
    answer = sent(shell, "0.6.0", "--wait")
    assert answer.code == 0
    assert "dev         ✔ deploy: carts has the traffic" in answer.out
    assert answer.out.endswith("promoted: 0.6.0 reached production, the last stage\n")


def test_failed_tests_end_the_wait_with_2(shop: Any, shell: Any) -> None:
    shop.world.tester.script[StageName("dev"), Check.FUNCTIONAL] = Tally(failures=1, errors=("500",))
    answer = sent(shell, "0.6.0", "--wait")
    assert answer.code == 2
    assert "✖ rejected" in answer.out


def test_a_gate_that_refuses_ends_the_wait_with_2_and_the_artifact_is_warned_about_next_time(
    shop: Any, shell: Any
) -> None:
    over(shop, "0.6.0")
    shop.call(shop.world.set_gate())
    shop.world.monitoring.seconds = {"0.6.0": 0.05, "0.6.1": 1.2}
    assert sent(shell, "0.6.1", "--wait").code == 2
    evaluation = shell.run("get", "evaluation", "-p", "sockshop", "--stage", "staging", "-s", "carts")
    assert evaluation.code == 0
    assert ": fail\n" in evaluation.out
    id_ = evaluation.out.split()[1].rstrip(":")
    explained = shell.run("explain", id_)
    assert explained.code == 0
    assert explained.out.startswith(evaluation.out)
    for words in (
        "target  upperSevere 1\n",
        'judged  1.2  {"deployment":"any",',
        "1.2 ≥ 1 (upperSevere): 0 of 100",
        '"metricScore": 100',
    ):
        assert words in explained.out
    again = sent(shell, "0.6.1")
    assert again.code == 0
    assert "Warning: " in again.err
    assert "was rejected before" in again.err


def test_a_gate_without_data_ends_the_wait_with_4(shop: Any, shell: Any) -> None:
    over(shop, "0.6.0")
    shop.call(shop.world.set_gate())
    assert sent(shell, "0.6.1", "--wait").code == 4


def test_an_image_that_cannot_run_ends_the_wait_with_5_and_the_platforms_words(shop: Any, shell: Any) -> None:
    shop.world.cluster.broken_images[f"{IMAGE}:9.9"] = "image is not in the catalogue"
    answer = sent(shell, "9.9", "--wait")
    assert answer.code == 5
    assert "image is not in the catalogue" in answer.out


@pytest.mark.parametrize(("outcome", "code"), [("superseded", 3), ("aborted", 3), ("of-a-newer-server", 5)])
def test_other_outcomes_end_the_wait_with_their_code(outcome: str, code: int, shop: Any, shell: Any) -> None:
    shop.turns = 0
    delivery = deliver(shop, "0.6.0")
    told = Event(
        id="the end",
        source="test",
        type=EventType.DELIVERY_FINISHED.value,
        time=shop.world.clock.now(),
        context=delivery,
        data={"outcome": outcome, "reason": "for this test"},
    )
    shop.call(shop.world.store.append(told))
    answer = shell.run("get", "delivery", delivery, "--watch")
    assert answer.code == code
    assert answer.out.endswith(f"{outcome}: for this test\n")


def test_a_delivery_that_is_not_over_in_time_ends_the_wait_with_6_and_the_way_to_go_on(shop: Any, shell: Any) -> None:
    shop.turns = 0
    answer = sent(shell, "0.6.0", "--wait", "--timeout=0.5")
    assert answer.code == 6
    assert "is not over after 0.5 s; it goes on: lockgate get delivery " in answer.err


def test_an_answer_that_takes_too_long_ends_a_command_with_6(shell: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        shell.log_in(endpoint)
        answer = shell.run("get", "projects", "--timeout=0.1")
    assert answer.code == 6
    assert f"{endpoint} did not answer within 0.1 s: wait longer with --timeout" in answer.err


def test_labels_are_sent_with_the_artifact(shop: Any, shell: Any) -> None:
    sent = shell.run(
        "send", "new-artifact", *CARTS, f"--image={IMAGE}", "--label=build=b=17", "--label", "team=x", "--output=json"
    )
    told = shell.run("get", "delivery", json.loads(sent.out)["delivery"], "--output=json")
    assert json.loads(told.out)["labels"] == {"build": "b=17", "team": "x"}


@pytest.mark.parametrize("labels", [["build"], ["build=1", "build=2"], ["a b=1"], ["build="]])
def test_a_label_that_is_none_is_a_usage_error(shop: Any, shell: Any, labels: list[str]) -> None:
    flags = [f"--label={label}" for label in labels]
    answer = shell.run("send", "new-artifact", *CARTS, f"--image={IMAGE}", *flags)
    assert answer.code == 1
    assert "label" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("get", "delivery", "nope"),
            "no delivery called 'nope': give its whole id; lockgate get deliveries lists them",
        ),
        (("get", "delivery", "no?pe"), "no delivery called 'no?pe'"),
        (("get", "delivery", "nope", "--watch"), "no delivery called 'nope'"),
        (("get", "stages", "--project=nope"), "no project called 'nope': there is sockshop"),
        (("get", "deliveries", "--project=nope"), "no project called 'nope': there is sockshop"),
        (("get", "events", "--delivery=nope"), "no delivery called 'nope'"),
        (("get", "evaluation", "nope"), "no evaluation called 'nope': lockgate get delivery ID --output=json names "),
        (("get", "evaluation", *CARTS, "--stage=nope"), "called 'nope': there is dev, staging, production"),
        (
            ("get", "evaluation", *CARTS, "--stage=prod"),
            "called 'prod', did you mean production? There is dev, staging, production",
        ),
        (("get", "stages", "--project=sokshop"), "called 'sokshop', did you mean sockshop? There is sockshop"),
        (("get", "evaluation", *CARTS, "--stage=dev"), "no evaluation of carts in stage dev of project sockshop yet"),
        (("send", "new-artifact", "--project=nope", "--service=carts", "--image=x"), "no project called 'nope'"),
        (
            ("send", "new-artifact", "--project=sockshop", "--service=nope", "--image=x"),
            "called 'nope': there is carts",
        ),
    ],
)
def test_what_is_not_there_is_named_with_what_is_and_exits_8(
    words: tuple[str, ...], said: str, shop: Any, shell: Any
) -> None:
    answer = shell.run(*words)
    assert answer.code == 8
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["", ".", "..", "../projects"])
def test_a_name_that_would_be_another_address_is_refused(name: str, shop: Any, shell: Any) -> None:
    answer = shell.run("get", "delivery", name)
    assert answer.code == 1
    assert f"{name!r} is no name" in answer.err


def test_a_token_that_is_not_known_any_more_exits_8_with_the_way_in(shop: Any, shell: Any) -> None:
    shell.log_in(shop.endpoint, token="0ld")
    for words in (("get", "projects"), ("clone", "sockshop")):
        answer = shell.run(*words)
        assert answer.code == 8
        assert "lockgate auth" in answer.err
        assert "0ld" not in answer.err


def test_an_event_from_a_file_is_sent_as_it_is_and_gets_an_identity_when_it_has_none(shop: Any, shell: Any) -> None:
    data = {"project": "sockshop", "service": "carts", "image": IMAGE, "tag": "0.6.0"}
    event = {"specversion": "0.2", "type": "sh.keptn.events.new-artefact", "data": data}
    (shell.home / "event.json").write_text(json.dumps(event))
    answer = shell.run("send", "event", "--file=event.json", "--wait")
    assert answer.code == 0
    assert answer.out.startswith("Starting to send an event\nThe event had no id or no source, and was given id ")


def test_an_event_that_is_not_taken_is_refused_with_what_is(shop: Any, shell: Any) -> None:
    forged = {"specversion": "1.0", "type": "sh.keptn.events.evaluation-done", "data": {"evaluationpassed": True}}
    (shell.home / "forged.json").write_text(json.dumps(forged))
    (shell.home / "broken.json").write_text("{")
    refused = shell.run("send", "event", "-f", "forged.json")
    assert refused.code == 1
    assert "Send event was unsuccessful" in refused.err
    assert "sh.keptn.events.new-artifact" in refused.err
    assert "broken.json is not JSON" in shell.run("send", "event", "-f", "broken.json").err
    assert "Cannot find file nowhere" in shell.run("send", "event", "-f", "nowhere").err


@pytest.mark.parametrize("flag", ["--file=event.json", "--wait", "--mock", "--timeout=5", "--output=json"])
def test_a_flag_that_would_be_lost_is_refused_and_nothing_is_sent(flag: str, shop: Any, shell: Any) -> None:
    answer = shell.run("send", "event", flag, "new-artifact", *CARTS, f"--image={IMAGE}")
    assert answer.code == 1
    assert "give flags after it" in answer.err
    assert shell.run("get", "deliveries", "-o", "json").out == "[]\n"


def test_answers_come_as_json_yaml_or_table(shop: Any, shell: Any) -> None:
    delivery = over(shop, "0.6.0")
    for words, column in (
        (("projects",), "STAGES"),
        (("stages", "-p", "sockshop"), "DEPLOYMENT"),
        (("services", "-p", "sockshop"), "NAME"),
        (("deliveries", "-p", "sockshop", "-s", "carts"), "OUTCOME"),
        (("events", f"--delivery={delivery}"), "CURSOR"),
        (("delivery", delivery), "VERDICT"),
    ):
        as_json = json.loads(shell.run("get", *words, "-o", "json").out)
        assert as_json
        assert yaml.safe_load(shell.run("get", *words, "--output=yaml").out) == as_json
        table = shell.run("get", *words)
        assert column in table.out
        assert TOKEN not in table.out


def test_a_table_in_a_pipe_is_not_cut(shop: Any, shell: Any) -> None:
    shop.turns = 0
    tag = "1.0-" + "x" * 100
    delivery = deliver(shop, tag)
    header, row = shell.run("get", "deliveries", COLUMNS="40").out.splitlines()
    assert row.split()[:4] == [delivery, "sockshop", "carts", tag]
    assert header.split() == ["ID", "PROJECT", "SERVICE", "TAG", "OUTCOME", "ACCEPTED"]


def test_control_characters_of_a_reason_do_not_reach_the_terminal(shop: Any, shell: Any) -> None:
    shop.world.cluster.broken_images[f"{IMAGE}:9.9"] = "\x1b]0;owned\x07\x1b[2J"
    delivery = over(shop, "9.9")
    for words in (("get", "delivery", delivery), ("get", "delivery", delivery, "--watch"), ("get", "events")):
        answer = shell.run(*words)
        assert "owned" in answer.out
        assert "\x1b" not in answer.out


def test_with_json_the_progress_goes_to_standard_error_and_the_delivery_to_standard_output(
    shop: Any, shell: Any
) -> None:
    answer = sent(shell, "0.6.0", "--wait", "-o", "json")
    assert answer.code == 0
    assert json.loads(answer.out)["outcome"] == "promoted"
    assert "reached production" in answer.err


def test_quiet_says_nothing_that_was_not_asked_for(shop: Any, shell: Any) -> None:
    answer = sent(shell, "0.6.0", "--wait", "--quiet")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert "sockshop" in shell.run("get", "projects", "-q").out


def test_verbose_says_what_is_asked_of_the_server_and_never_the_token(shop: Any, shell: Any) -> None:
    answer = shell.run("get", "projects", "--verbose")
    assert "debug: GET /v1/projects: status 200 after " in answer.err
    assert TOKEN not in answer.err + answer.out


def test_a_server_that_breaks_is_an_error_and_not_a_verdict(shop: Any, shell: Any) -> None:
    async def away() -> Any:
        raise TransientError("the repositories are away")

    shop.world.repo.projects = away
    answer = shell.run("get", "projects")
    assert (answer.code, answer.err) == (5, "Error: the repositories are away\n")


def test_a_digest_is_refused_since_artifacts_are_told_apart_by_tags(shop: Any, shell: Any) -> None:
    answer = shell.run("send", "new-artifact", *CARTS, f"--image={IMAGE}@sha256:{'a' * 64}")
    assert answer.code == 1
    assert "names a digest, and artifacts are told apart by tags: write IMAGE:TAG" in answer.err
