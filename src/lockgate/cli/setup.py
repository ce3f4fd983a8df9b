"""`auth`, `create` and `onboard`: what comes before the first artifact."""

import ipaddress
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
import yaml

from lockgate.cli.client import Client, client
from lockgate.cli.credentials import Credentials, credentials_file, save
from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner, asking, group
from lockgate.cli.output import Format, show
from lockgate.domain.names import project_name, service_name

create = group("Create a project.")
onboard = group("Bring a service into a project.")

_HELM = (
    "Helm templates are not rendered: render the chart (helm template) and give the result with --manifest, "
    "or leave the option out and the values fill Lockgate's own templates"
)


@asking(output=False)
def auth(
    manner: Manner,
    endpoint: Annotated[str, typer.Option("--endpoint", "-e", help="Where Lockgate answers.")],
    api_token: Annotated[
        str | None, typer.Option("--api-token", "-a", help="The token itself: others can see it.")
    ] = None,
    api_token_file: Annotated[
        str | None, typer.Option("--api-token-file", help="A file that holds the token; - is standard input.")
    ] = None,
) -> None:
    """Log in: check the token and keep it for the other commands."""
    if (api_token is None) == (api_token_file is None):
        raise End(
            Ending.USAGE,
            "give the token once: --api-token-file FILE, or --api-token-file - to read it from standard input",
        )
    if api_token is not None:
        manner.warn("--api-token shows the token in the list of processes: use --api-token-file")
    token = api_token if api_token is not None else _token(api_token_file or "-")
    credentials = Credentials(endpoint=endpoint, token=token.strip())
    if not stays_here(endpoint):
        manner.warn(f"{endpoint} is not encrypted: the token can be read on the way; use https")
    manner.say("Starting to authenticate")
    if manner.mock:
        manner.say("skipping auth due to mocking flag set to true")
        return
    with unsuccessful("Authentication"):
        Client(credentials, manner).get("/v1/whoami")
    save(credentials)
    manner.say("Successfully authenticated")
    manner.debug(f"the token is kept in {credentials_file()}, which only you may read")


@create.command("project")
@asking
def create_project(
    manner: Manner,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A DNS label.")] = None,
    shipyard: Annotated[Path | None, typer.Argument(metavar="SHIPYARD", help="shipyard.yaml, the stages.")] = None,
    shipyard_option: Annotated[Path | None, typer.Option("--shipyard", "-s", help="The same, as an option.")] = None,
) -> None:
    """Create a project from a shipyard file."""
    asks = client(manner)  # first of all, as it always was: without credentials nothing else matters
    path = shipyard or shipyard_option
    if name is None or path is None:
        raise End(Ending.USAGE, "Requires project_name and shipyard_file: lockgate create project NAME SHIPYARD")
    body = {"name": project_name(name), "shipyard": read_file(path)}
    manner.say("Starting to create a project")
    with unsuccessful("Create project"), _faults_in({"shipyard.yaml": path}):
        created = asks.post("/v1/projects", body)
    manner.say(f"Project {name} created, stages {', '.join(stage['name'] for stage in created['stages'])}")
    show_whole(manner, created)


@onboard.command("service")
@asking
def onboard_service(
    manner: Manner,
    project: Annotated[str, typer.Option("--project", "-p", help="Name of the project.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Default: service.name of the values.")] = None,
    values: Annotated[Path | None, typer.Option("--values", help="Values for Lockgate's own templates.")] = None,
    manifest: Annotated[
        list[Path] | None, typer.Option("--manifest", "-m", help="Plain Kubernetes YAML; repeatable.")
    ] = None,
    tests: Annotated[Path | None, typer.Option("--tests", help="The Locust file of the service's tests.")] = None,
    perfspec: Annotated[
        Path | None, typer.Option("--perfspec", help="A gate for Prometheus, as perfspec_prometheus.json.")
    ] = None,
    deployment: Annotated[
        Path | None, typer.Option("--deployment", "-d", help="Refused: Helm templates are not rendered.")
    ] = None,
    service: Annotated[
        Path | None, typer.Option("--service", "-s", help="Refused: Helm templates are not rendered.")
    ] = None,
) -> None:
    """Bring a service into a project: its values or manifests, and files for its gate and tests."""
    asks = client(manner)
    if deployment or service:
        raise End(Ending.USAGE, _HELM)
    if bool(values) == bool(manifest):
        raise End(Ending.USAGE, "Provide a file of values: --values FILE, or plain manifests: --manifest FILE")
    given = _files(values, manifest or [], tests, perfspec)
    files = {name: read_file(path) for name, path in given.items()}
    chosen = service_name(name or _service_name(values, files))
    manner.say("Starting to onboard service")
    with unsuccessful("Onboard service"), _faults_in({f"{chosen}/{name}": path for name, path in given.items()}):
        body = {"service": chosen, "files": files}
        answer = asks.post(f"/v1/projects/{project_name(project)}/services", body)
    manner.say(f"Service {chosen} onboarded to project {project}:")
    for path in answer["written"]:
        manner.say(f"  {path}")
    show_whole(manner, answer)


def read_file(path: Path) -> str:
    """Raises End for a file that is not there or holds no text."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise End(Ending.USAGE, f"Cannot read file {path}: it is no text in UTF-8 ({error.reason})") from error


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise End(Ending.USAGE, f"Cannot find file {path}") from error
    except OSError as error:
        raise End(Ending.USAGE, f"Cannot read file {path}: {error.strerror}") from error


@contextmanager
def _faults_in(given: Mapping[str, Path]) -> Iterator[None]:
    """The server calls files as they will be called in git; the user knows them by the names that were *given*."""
    names = "|".join(re.escape(name) for name in given)
    try:
        yield
    except End as end:
        message = re.sub(rf"^(?:{names})(?=:)", lambda found: str(given[found[0]]), end.message, flags=re.M)
        raise End(end.ending, message) from end


@contextmanager
def unsuccessful(what: str) -> Iterator[None]:
    """Puts *what* before the server's words, as the commands always did."""
    try:
        yield
    except End as end:
        if end.ending is Ending.DONE:
            raise
        raise End(end.ending, f"{what} was unsuccessful: {end.message}") from end


def show_whole(manner: Manner, answer: object) -> None:
    if manner.output is not Format.TABLE:
        show(answer, manner.output, (), ())


def _files(values: Path | None, manifests: list[Path], tests: Path | None, perfspec: Path | None) -> dict[str, Path]:
    """Path below the service's folder → the file here."""
    files = {"values.yaml": values} if values else {}
    for path in manifests:
        target = f"manifests/{path.name}"
        if target in files:
            raise End(Ending.USAGE, f"two manifests are called {path.name}: rename {path}")
        files[target] = path
    if tests:
        files["tests/locustfile.py"] = tests
    if perfspec:
        files["perfspec/perfspec_prometheus.json"] = perfspec
    return files


def _service_name(values: Path | None, files: dict[str, str]) -> str:
    if values is None:
        raise End(Ending.USAGE, "name the service: lockgate onboard service NAME --project PROJECT --manifest FILE")
    try:
        found = yaml.safe_load(files["values.yaml"])["service"]["name"]
    except yaml.YAMLError as error:
        raise End(Ending.USAGE, f"{values} is not YAML: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError) as error:
        raise End(
            Ending.USAGE,
            f"Service name could not be retrieved. Please verify that service.name is defined in {values}",
        ) from error
    return str(found)


def _token(source: str) -> str:
    text = sys.stdin.read() if source == "-" else read_file(Path(source))
    if not text.strip():
        raise End(Ending.USAGE, f"there is no token in {'standard input' if source == '-' else source}")
    return text.strip()


def stays_here(address: str) -> bool:
    """Whether no other machine can listen: encrypted, or on the loopback interface."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
