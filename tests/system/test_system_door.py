"""What is wrong is refused at the door, in words that name the thing, the value and the way out."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.system.user import SHOP, User

PROJECT = "door"
SHIPYARD = """\
stages:
  - name: dev
    deployment_strategy: direct
    test_strategy: functional
"""
USAGE, NOT_FOUND, ERRORED = 1, 8, 5
NEW_ARTIFACT = "sh.keptn.events.new-artifact"


@pytest.fixture(scope="module")
def guest(user: User) -> User:
    """A project with carts in it, and a clone in the folder `door`."""
    (user.home / "door.yaml").write_text(SHIPYARD)
    user.lockgate("create", "project", PROJECT, "door.yaml")
    user.lockgate("onboard", "service", f"--project={PROJECT}", f"--values={SHOP / 'values_carts.yaml'}")
    user.clone(PROJECT, PROJECT)
    return user


def send(user: User, **changed: str) -> Any:
    wanted = {"project": PROJECT, "service": "carts", "image": "docker.io/keptnexamples/carts:0.6.0", **changed}
    return user.try_lockgate("send", "event", "new-artifact", *(f"--{name}={value}" for name, value in wanted.items()))


def test_an_unknown_project_is_refused_with_the_known_ones(guest: User) -> None:
    ended = send(guest, project="nowhere")
    assert ended.code == NOT_FOUND
    assert "nowhere" in ended.text
    assert PROJECT in ended.text


def test_an_unknown_service_is_refused_with_the_known_ones(guest: User) -> None:
    ended = send(guest, service="cats")
    assert ended.code == NOT_FOUND
    assert "cats" in ended.text
    assert "carts" in ended.text


ARTIFACT = {"project": PROJECT, "service": "carts", "image": "docker.io/keptnexamples/carts", "tag": "0.6.0"}


def event(type_: str = NEW_ARTIFACT, *, data: object = None, **attributes: object) -> str:
    content = {"specversion": "1.0", "id": "1", "source": "test", "type": type_, "data": data or ARTIFACT}
    return json.dumps({**content, **attributes})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        (event(specversion="7"), "specversion '7'"),
        (event(data={"project": PROJECT, "service": "carts"}), "data.image"),
        (event(data={**ARTIFACT, "colour": "red"}), "data.colour"),
        (event(data={**ARTIFACT, "stage": "production"}), "data.stage"),
        (event(data={**ARTIFACT, "project": "Not A Label"}), "Not A Label"),
        (event("sh.keptn.events.evaluation-done", data={**ARTIFACT, "evaluationpassed": True}), NEW_ARTIFACT),
        (event("sh.keptn.events.tests-finished"), NEW_ARTIFACT),
    ],
)
def test_an_event_that_is_none_or_not_for_outsiders_is_refused_and_leaves_no_trace(
    guest: User, body: str, named: str
) -> None:
    before = guest.told("/v1/events?limit=1000")["cursor"]
    answer = guest.ask("POST", "/v1/events", content=body.encode())
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert guest.told("/v1/events?limit=1000")["cursor"] == before


def test_a_file_that_is_no_event_is_refused_before_it_is_sent(guest: User) -> None:
    (guest.home / "broken.json").write_text("{")
    ended = guest.try_lockgate("send", "event", "--file=broken.json")
    assert ended.code == USAGE
    assert "broken.json is not JSON" in ended.text


def test_a_wrong_token_opens_neither_the_api_nor_a_repository(guest: User) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    assert guest.ask("GET", "/v1/projects", headers=wrong).status_code == 401
    assert guest.ask("GET", "/v1/projects", headers={}).status_code == 401
    assert guest.ask("GET", f"/git/{PROJECT}.git/info/refs?service=git-upload-pack", headers={}).status_code == 401
    stranger = User(guest.folder, guest.home / "stranger")
    stranger.home.mkdir()
    (stranger.home / "token").write_text("wrong")
    ended = stranger.try_lockgate("auth", f"--endpoint={guest.installation.endpoint}", "--api-token-file=token")
    assert ended.code == NOT_FOUND
    assert "token" in ended.text
    assert stranger.try_lockgate("get", "projects").code == USAGE  # nothing was kept


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("Host", "evil.example", 400), ("Origin", "http://evil.example", 403), ("Origin", "null", 403)],
)
def test_requests_from_strange_pages_are_refused_although_the_token_is_right(
    guest: User, header: str, value: str, status: int
) -> None:
    answer = guest.ask("GET", "/v1/projects", headers={**guest.headers, header: value})
    assert answer.status_code == status
    assert value in answer.json()["detail"]


def test_a_broken_shipyard_makes_no_project_and_is_told_by_line(guest: User) -> None:
    (guest.home / "broken.yaml").write_text(SHIPYARD.replace("direct", "blue_grene_service"))
    ended = guest.try_lockgate("create", "project", "broken", "broken.yaml")
    assert ended.code == USAGE
    assert "broken.yaml:3" in ended.text
    assert "blue_green_service" in ended.text
    assert guest.ask("GET", "/v1/projects/broken").status_code == 404


def test_broken_values_bring_in_no_service_and_are_told_by_line(guest: User) -> None:
    (guest.home / "given.yaml").write_text("service:\n  name: other\n  internalPort: many\n")
    ended = guest.try_lockgate("onboard", "service", f"--project={PROJECT}", "--values=given.yaml")
    assert ended.code == USAGE
    assert "given.yaml:3" in ended.text
    assert "other" not in guest.told(f"/v1/projects/{PROJECT}/services")["services"]


@contextmanager
def changed(clone: Path, path: str, text: str) -> Iterator[None]:
    """One commit, taken back afterwards."""
    user = ("-c", "user.name=test", "-c", "user.email=test@localhost")

    def git(*arguments: str) -> None:
        subprocess.run(["git", *user, *arguments], cwd=clone, check=True, capture_output=True)

    (clone / path).parent.mkdir(parents=True, exist_ok=True)
    (clone / path).write_text(text)
    git("add", ".")
    git("commit", "--message=change")
    try:
        yield
    finally:
        git("reset", "--hard", "origin/main")


GATE = """\
{
  "indicators": [
    {"id": "a", "source": "Prometheus", "query": "up",
     "grading": {"type": "Treshold", "thresholds": {"upperSevere": 1}, "metricScore": 100}}
  ],
  "objectives": {"pass": 90, "warning": 75}
}
"""


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("carts/perfspec/perfspec.json", GATE, "carts/perfspec/perfspec.json:4"),
        ("shipyard.yaml", SHIPYARD.replace("functional", "fictional"), "shipyard.yaml:4"),
        ("carts/values.yaml", "service:\n  internalPort: 8080\nreplicas: 2\n", "carts/values.yaml:3"),
        ("carts/tests/tests.yaml", "load:\n  users: none\n", "carts/tests/tests.yaml:2"),
    ],
)
def test_a_push_of_a_broken_file_is_refused_and_git_prints_where(guest: User, path: str, text: str, place: str) -> None:
    clone = guest.home / PROJECT
    before = guest.git("ls-remote", "origin", "main", at=clone)
    with changed(clone, path, text):
        pushed = guest.run("git", "push", at=clone)
    assert pushed.code != 0
    assert f"remote:   {place}: " in pushed.text
    assert guest.git("ls-remote", "origin", "main", at=clone) == before


def test_the_branch_of_lockgate_takes_no_push_and_says_what_to_use_instead(guest: User) -> None:
    pushed = guest.run("git", "push", "--force", "origin", "HEAD:state", at=guest.home / PROJECT)
    assert pushed.code != 0
    assert "state" in pushed.text
    assert "lockgate send" in pushed.text


def test_the_token_is_in_no_address_no_configuration_and_no_list_of_processes(guest: User) -> None:
    clone, token = guest.home / PROJECT, guest.installation.token_file.read_text().strip()
    with watched(lambda text: token in text) as found:
        with changed(clone, "README.md", "Hello\n"):
            guest.git("push", at=clone)
        guest.git("pull", "--quiet", at=clone)
        guest.lockgate(
            "auth",
            f"--endpoint={guest.installation.endpoint}",
            "--api-token-file=" + str(guest.installation.token_file),
        )
        send(guest, image="docker.io/keptnexamples/carts:9.9.9")
    assert found == []
    assert token not in guest.git("remote", "--verbose", at=clone)
    assert token not in (clone / ".git" / "config").read_text()
    logs = [path.read_text(errors="replace") for path in guest.installation.logs.iterdir()]
    assert not any(token in text for text in logs)
    assert token not in json.dumps(guest.told("/v1/events?limit=1000"))
    assert token not in (guest.installation.control / "lockgate.db").read_bytes().decode(errors="replace")


def test_a_token_given_as_a_value_can_be_seen_by_others_and_the_user_is_told(guest: User) -> None:
    """And so the test before this one would have seen it."""
    token = guest.installation.token_file.read_text().strip()
    with watched(lambda text: token in text) as found:
        told = guest.lockgate("auth", f"--endpoint={guest.installation.endpoint}", f"--api-token={token}")
    assert found
    assert "--api-token-file" in told


@contextmanager
def watched(suspicious: Callable[[str], bool]) -> Iterator[list[str]]:
    """Looks at the arguments of all processes again and again meanwhile; what was suspicious."""
    found: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.03):
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = place.read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if suspicious(text):
                    found.append(text)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_an_unknown_image_ends_its_first_stage_with_the_words_that_help(guest: User) -> None:
    ended = send(guest, image="docker.io/keptnexamples/cards:0.6.0", tag="0.6.0")
    assert ended.code == 0, ended.text
    delivery = guest.told("/v1/deliveries?limit=1")["deliveries"][0]["id"]
    over = guest.ended(delivery)
    assert over["outcome"] == "errored"
    assert [run["stage"] for run in over["runs"]] == ["dev"]
    for words in ("docker.io/keptnexamples/cards:0.6.0", "[[image]]", "images.toml"):
        assert words in over["reason"]
    assert guest.disagreements(PROJECT) == []
    assert "[[image]]" in guest.lockgate("get", "delivery", delivery)
