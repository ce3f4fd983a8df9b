"""`auth`, `configure`, `create`, `onboard` and `clone`: what is checked, in which order, and what is kept."""

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockgate.testing.world import DATABASE_VALUES, SHIPYARD, VALUES
from lockgate.wiring.installation import open_installation
from pocketkube.runtime.procfs import identify

TOKEN = "t0ken-that-must-not-be-seen"


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_auth_reads_the_token_from_a_file_and_keeps_it_for_this_user_alone(served: Any, shell: Any) -> None:
    token = written(shell.home, "token", f"{TOKEN}\n")
    answer = shell.run("auth", "-e", served.endpoint, "--api-token-file", token)
    assert answer.code == 0
    assert answer.out == "Starting to authenticate\nSuccessfully authenticated\n"
    assert answer.err == ""
    assert json.loads(shell.credentials.read_text()) == {"endpoint": served.endpoint, "token": TOKEN}
    assert stat.S_IMODE(shell.credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(shell.credentials.parent.stat().st_mode) == 0o700


def test_auth_reads_the_token_from_standard_input(served: Any, shell: Any) -> None:
    answer = shell.run("auth", f"--endpoint={served.endpoint}/", "--api-token-file=-", stdin=f"{TOKEN}\n")
    assert answer.code == 0
    assert shell.run("get", "projects").code == 0


def test_a_token_on_the_command_line_works_with_a_warning_that_names_the_other_way(served: Any, shell: Any) -> None:
    answer = shell.run("auth", "-e", served.endpoint, "-a", TOKEN)
    assert answer.code == 0
    assert answer.err.startswith("Warning: ")
    assert "--api-token-file" in answer.err
    assert TOKEN not in answer.out + answer.err


def test_credentials_live_below_lockgate_home_when_it_is_set(served: Any, shell: Any, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    words = ("auth", f"--endpoint={served.endpoint}", "--api-token-file=-")
    assert shell.run(*words, stdin=TOKEN, LOCKGATE_HOME=str(home)).code == 0
    assert (home / "credentials").exists()
    assert not shell.credentials.exists()


def test_a_wrong_token_is_not_allowed_and_not_kept(served: Any, shell: Any) -> None:
    answer = shell.run("auth", f"--endpoint={served.endpoint}", "--api-token-file=-", stdin="wr0ng")
    assert answer.code == 8
    assert answer.err.startswith("Error: Authentication was unsuccessful: the API token is missing or wrong")
    assert served.endpoint in answer.err
    assert "/control/token" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "wr0ng" not in answer.out + answer.err
    assert not shell.credentials.exists()


@pytest.mark.parametrize(
    ("endpoint", "code", "said"),
    [
        ("http://127.0.0.1:1", 5, "does not answer: is Lockgate running?  lockgate up"),
        ("localhost", 1, "is not well-formed: write it as http://127.0.0.1:7676"),
        ("127.0.0.1:7700", 1, "is not well-formed: write it as http://127.0.0.1:7700"),
    ],
)
def test_auth_names_an_endpoint_that_cannot_be(endpoint: str, code: int, said: str, shell: Any) -> None:
    answer = shell.run("auth", f"--endpoint={endpoint}", "--api-token-file=-", stdin=TOKEN)
    assert answer.code == code
    assert endpoint in answer.err
    assert said in answer.err


def test_auth_wants_the_token_once_and_not_empty(shell: Any) -> None:
    twice = shell.run("auth", "-e", "http://127.0.0.1:1", "-a", "x", "--api-token-file=-")
    empty = shell.run("auth", "-e", "http://127.0.0.1:1", "--api-token-file=-", stdin="\n")
    lost = shell.run("auth", "-e", "http://127.0.0.1:1", "--api-token-file=nowhere")
    assert (twice.code, empty.code, lost.code) == (1, 1, 1)
    assert "give the token once" in twice.err
    assert "there is no token in standard input" in empty.err
    assert "Cannot find file nowhere" in lost.err


def test_credentials_that_others_may_read_are_refused_with_the_way_out(shop: Any, shell: Any) -> None:
    shell.credentials.chmod(0o644)
    answer = shell.run("get", "projects")
    assert answer.code == 1
    assert f"chmod 600 {shell.credentials}" in answer.err
    assert TOKEN not in answer.err


def test_without_credentials_a_command_says_so_before_anything_else(shell: Any) -> None:
    message = 'Error: This command requires to be authenticated. See "lockgate auth" for details: '
    for words in (("get", "projects"), ("create", "project"), ("onboard", "service", "-p", "s"), ("send", "event")):
        answer = shell.run(*words)
        assert answer.code == 1
        assert answer.err.startswith(message) and "lockgate auth --endpoint=URL" in answer.err


def test_a_project_is_created_from_a_shipyard(served: Any, shell: Any) -> None:
    shell.log_in(served.endpoint)
    shipyard = written(shell.home, "shipyard.yaml", SHIPYARD)
    answer = shell.run("create", "project", "sockshop", shipyard)
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "Starting to create a project",
        "Project sockshop created, stages dev, staging, production",
    ]
    again = shell.run("create", "project", "sockshop", "--shipyard", shipyard)
    assert again.code == 1
    assert "Create project was unsuccessful" in again.err
    assert "sockshop" in again.err
    other = shell.run("create", "project", "shop", "-s", shipyard, "-o", "json")
    assert [stage["name"] for stage in json.loads(other.out)["stages"]] == ["dev", "staging", "production"]


def test_create_project_checks_arguments_then_the_name_then_the_file_then_its_text(served: Any, shell: Any) -> None:
    shell.log_in(served.endpoint)
    broken = written(shell.home, "broken.yaml", "stages:\n  - {name: dev, deployment_strategy: by-hand}\n")
    tries = [
        (("Sock_Shop",), "Requires project_name and shipyard_file"),
        (("Sock_Shop", "nowhere.yaml"), "project name 'Sock_Shop' is not well-formed"),
        (("sockshop", "nowhere.yaml"), "Cannot find file nowhere.yaml"),
        (("sockshop", str(shell.home)), f"Cannot read file {shell.home}"),
        (("sockshop", broken), "by-hand"),
    ]
    for words, said in tries:
        answer = shell.run("create", "project", *words)
        assert answer.code == 1
        assert said in answer.err
    assert shell.run("get", "projects", "-o", "json").out == "[]\n"


def test_a_service_is_onboarded_with_its_values_and_files_for_tests_and_gate(shop: Any, shell: Any) -> None:
    values = written(shell.home, "values.yaml", DATABASE_VALUES)
    answer = shell.run("onboard", "service", "--project=sockshop", "--values", values)
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "Starting to onboard service",
        "Service carts-db onboarded to project sockshop:",
        "  carts-db/values.yaml",
    ]
    mine = written(shell.home, "mine.yaml", VALUES.replace("carts", "mine"))
    tests = written(shell.home, "load.py", "from locust import HttpUser  # mine\n")
    words = ("onboard", "service", "-p", "sockshop", "--values", mine, "--tests", tests, "-o", "json")
    assert "mine/tests/locustfile.py" in json.loads(shell.run(*words).out)["written"]


def test_onboarding_says_what_it_needs(shop: Any, shell: Any) -> None:
    nameless = written(shell.home, "nameless.yaml", "image: {repository: x}\n")
    no_yaml = written(shell.home, "no.yaml", "a: [\n")
    binary = shell.home / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    values = written(shell.home, "values.yaml", VALUES)
    tries: list[tuple[tuple[str, ...], int, str]] = [
        ((), 1, "Provide a file of values"),
        (("--values", values, "--manifest", values), 1, "Provide a file of values"),
        (("--values", "nowhere.yaml"), 1, "Cannot find file nowhere.yaml"),
        (("--values", nameless), 1, "Service name could not be retrieved"),
        (("--values", no_yaml), 1, f"{no_yaml} is not YAML"),
        (("--values", str(binary)), 1, "no text in UTF-8"),
        (("Not_A_Name", "--values", values), 1, "service name 'Not_A_Name' is not well-formed"),
        (("--manifest", values), 1, "name the service"),
        (("--values", values, "--deployment", values), 1, "Helm templates are not rendered"),
        (("--values", values), 1, "Onboard service was unsuccessful: service carts is onboarded"),
    ]
    for words, code, said in tries:
        answer = shell.run("onboard", "service", "--project=sockshop", *words)
        assert (answer.code, said in answer.err) == (code, True), (words, answer.err)
    strange = shell.run("onboard", "service", "--project=nope", "--values", values)
    assert strange.code == 8
    assert "no project called 'nope': there is sockshop" in strange.err


def test_a_metric_source_is_configured_when_it_answers(shop: Any, shell: Any) -> None:
    answer = shell.run("configure", "monitoring", "prometheus")
    assert (answer.code, answer.out) == (0, f"Gates measure with prometheus at {shop.endpoint}/monitoring\n")
    away = shell.run("configure", "monitoring", "prometheus", "--url=http://127.0.0.1:1")
    assert away.code == 5
    assert "Configure was unsuccessful" in away.err
    unknown = shell.run("configure", "monitoring", "promethium")
    assert unknown.code == 1
    assert "promethium" in unknown.err
    assert "prometheus" in unknown.err


def test_secrets_of_a_metric_source_come_from_files(shop: Any, shell: Any) -> None:
    token = written(shell.home, "token", "s3cret\n")
    configured = ("configure", "monitoring", "prometheus", "--name=eu")
    nowhere = shell.run(*configured, f"--bearer-file={token}")
    assert "say where prometheus/eu answers" in nowhere.err
    url = f"--url={shop.endpoint}/monitoring"
    answer = shell.run(*configured, url, f"--bearer-file={token}", "-o", "json")
    assert json.loads(answer.out) == {"source": "prometheus/eu", "url": f"{shop.endpoint}/monitoring"}
    for wrong, words in (
        (("--user=reader",), "--user NAME --password-file FILE"),
        ((f"--header-file={token}",), "a line without a colon"),
        ((f"--bearer-file={shell.home / 'nowhere'}",), "Cannot find file"),
    ):
        refused = shell.run(*configured, url, *wrong)
        assert (refused.code, words in refused.err, "s3cret" in refused.err) == (1, True, False), refused.err


def test_an_empty_setting_of_a_metric_source_is_refused_and_not_taken_for_one_that_was_left_out(
    shop: Any, shell: Any
) -> None:
    empty = written(shell.home, "empty", "")
    url = f"--url={shop.endpoint}/monitoring"
    for wrong, words in (
        (("--url=",), "'' is not the address of a monitoring system"),
        ((url, "--name="), "'prometheus/' is no name"),
        ((url, "--project="), "project"),
        (("--url=https://127.0.0.1:1", f"--ca-file={empty}"), "not in PEM"),
    ):
        refused = shell.run("configure", "monitoring", "prometheus", *wrong)
        assert (refused.code, words in refused.err) == (1, True), (wrong, refused)


def test_a_secret_on_an_open_way_is_warned_of_and_a_tenant_is_asked_by_https(shop: Any, shell: Any) -> None:
    token = written(shell.home, "token", "s3cret")
    dynatrace = ("configure", "monitoring", "dynatrace", f"--token-file={token}", "--mock")
    assert "not encrypted" not in shell.run(*dynatrace, "--tenant=abc12345.live.dynatrace.com").err
    assert "not encrypted" not in shell.run(*dynatrace, "--tenant=http://127.0.0.1:9").err
    assert "http://elsewhere.example is not encrypted" in shell.run(*dynatrace, "--tenant=http://elsewhere.example").err
    twice = shell.run(*dynatrace, "--tenant=a", "--url=https://a")
    assert (twice.code, "give one of both" in twice.err) == (1, True)
    away = shell.run(*dynatrace[:-1], "--tenant=http://127.0.0.1:1")
    assert (away.code, "Dynatrace at http://127.0.0.1:1 gave no answer" in away.err) == (5, True), away.err
    assert "start it, or name another address with --url" in away.err


def test_faults_of_a_shipyard_name_the_file_as_it_was_given(shop: Any, shell: Any) -> None:
    given = written(shell.home, "mine.yaml", SHIPYARD.replace("name:", "nmae:"))
    answer = shell.run("create", "project", "other", given)
    assert answer.code == 1
    assert f"{given}:" in answer.err
    assert "shipyard.yaml" not in answer.err


def test_faults_of_a_services_files_name_them_as_they_were_given(shop: Any, shell: Any) -> None:
    given = written(shell.home, "mine.yaml", "service:\n  name: web\n  internalPort: eighty\n")
    answer = shell.run("onboard", "service", "--project=sockshop", f"--values={given}")
    assert answer.code == 1
    assert f"{given}:3: service.internalPort: is 'eighty'" in answer.err
    assert "web/values.yaml" not in answer.err


def test_mock_checks_the_input_and_sends_nothing(shop: Any, shell: Any) -> None:
    shipyard = written(shell.home, "shipyard.yaml", SHIPYARD)
    answer = shell.run("create", "project", "other", shipyard, "--mock")
    assert answer.code == 0
    assert "was not sent" in answer.err
    assert shell.run("create", "project", "other", "nowhere", "--mock").code == 1
    names = [one["name"] for one in json.loads(shell.run("get", "projects", "-o", "json").out)]
    assert names == ["sockshop"]


def test_clone_gives_a_folder_that_can_push_and_holds_no_token(git_served: Any, shell: Any) -> None:
    shell.log_in(git_served.endpoint)
    shipyard = written(shell.home, "shipyard.yaml", SHIPYARD)
    assert shell.run("create", "project", "sockshop", shipyard).code == 0
    answer = shell.run("clone", "sockshop")
    assert answer.code == 0
    clone = shell.home / "sockshop"
    assert TOKEN not in (clone / ".git" / "config").read_text()
    (clone / "note.txt").write_text("mine\n")
    for words in (("add", "."), ("commit", "-qm", "a note"), ("push", "-q")):
        subprocess.run(["git", *words], cwd=clone, env=shell.environment({}), check=True, timeout=90)


def test_clone_into_a_folder_that_holds_something_is_refused_before_git_is_asked(shop: Any, shell: Any) -> None:
    (shell.home / "sockshop").mkdir()
    written(shell.home / "sockshop", "note.txt", "mine\n")
    answer = shell.run("clone", "sockshop")
    assert (answer.code, answer.err) == (
        1,
        "Error: sockshop is there and not empty: name another folder: lockgate clone sockshop DIRECTORY\n",
    )
    assert [path.name for path in (shell.home / "sockshop").iterdir()] == ["note.txt"]


def test_clone_of_an_unknown_project_names_the_known_ones(shop: Any, shell: Any) -> None:
    answer = shell.run("clone", "nope")
    assert (answer.code, answer.err) == (8, "Error: no project called 'nope': there is sockshop\n")
    assert not (shell.home / "nope").exists()


def test_no_command_leaves_an_installation_behind_by_looking_for_one(shell: Any) -> None:
    for words, code in ((("env",), 8), (("logs",), 8), (("logs", "nope"), 1), (("down",), 0)):
        answer = shell.run(*words)
        assert answer.code == code, words
    assert "lockgate up" in shell.run("env").err
    assert not (shell.home / ".lockgate").exists()


def test_up_and_serve_name_a_file_that_is_not_there_before_they_start_anything(shell: Any) -> None:
    up = shell.run("up", "--images=nowhere.toml")
    serve = shell.run("serve", "--kubeconfig=nowhere")
    assert (up.code, serve.code) == (1, 1)
    assert "Cannot find file nowhere.toml" in up.err
    assert "Cannot find file nowhere" in serve.err
    assert not (shell.home / ".lockgate").exists()


def test_up_of_what_is_running_says_so_and_its_hints_name_the_folder(shell: Any) -> None:
    installation = open_installation(shell.home / "my data")
    for folder in (installation.control, installation.pocketkube):
        folder.mkdir(parents=True, exist_ok=True)
    installation.token_file.write_text(TOKEN)
    (installation.pocketkube / "gateway.json").write_text('{"asked": 31380, "port": 31380}')
    me = identify(os.getpid())
    assert me is not None
    who = [me.pid, me.start, me.boot]
    record = {"supervisor": who, "programs": {"envoy": who}, "ready": True, "trouble": ""}
    (installation.folder / "running.json").write_text(json.dumps(record))
    answer = shell.run("up", f"--data={installation.folder}")
    assert answer.code == 0, answer.err
    assert f"already running in {installation.folder}\n" in answer.out
    assert "started" not in answer.out
    assert f"lockgate down --data='{installation.folder}'\n" in answer.out
    assert "next start" not in answer.out
    wished = shell.run("up", f"--data={installation.folder}", "--test-seconds=20")
    assert "--images and --test-seconds count from its next start: lockgate down, then up with them\n" in wished.out
    nothing = shell.run("logs", "envoy", f"--data={installation.folder}")
    assert f"lockgate up --data='{installation.folder}'\n" in nothing.err
