"""`lockgate up`, `down`, `env` and `logs`: an installation on this machine."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.credentials import Credentials, save
from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner, local
from lockgate.domain.errors import PermanentError
from lockgate.wiring import local as installations
from lockgate.wiring.installation import Installation, open_installation, other_ports
from lockgate.wiring.programs import Wishes

DataOption = Annotated[
    Path, typer.Option("--data", envvar="LOCKGATE_DATA", help="Folder of the installation.", show_default=True)
]
_TEST_SECONDS = 60
DEFAULT_DATA = Path("~/.lockgate/local")
PROGRAMS = ("supervisor", "pocketkube", "envoy", "prometheus", "lockgate")


@local
def up(
    manner: Manner,
    data: DataOption = DEFAULT_DATA,
    images: Annotated[list[Path] | None, typer.Option("--images", help="A further image catalogue (TOML).")] = None,
    gateway_port: Annotated[
        int, typer.Option("--gateway-port", min=1, max=65535, help="Another is taken when it is in use.")
    ] = 31380,
    test_seconds: Annotated[
        int, typer.Option("--test-seconds", min=1, help="Load of a performance check, for services onboarded next.")
    ] = _TEST_SECONDS,
    timeout: Annotated[float, typer.Option("--timeout", min=0.001, help="Seconds until everything must answer.")] = 90,
) -> None:
    """Start pocketkube, Envoy, Prometheus and the control plane on this machine, and log in to it."""
    if data.expanduser().is_file():
        raise End(Ending.USAGE, f"--data names a folder, and {data} is a file")
    for path in images or ():
        if not path.is_file():
            raise End(Ending.USAGE, f"Cannot find file {path}: --images names an image catalogue in TOML")
    catalogues = tuple(path.resolve() for path in images or ())
    wishes = Wishes(images=catalogues, gateway_port=gateway_port, test_seconds=test_seconds)
    was_running = _is_there(data) and installations.running(open_installation(data)).supervisor is not None
    installation = installations.start(data, wishes)
    if was_running:
        manner.say(f"already running in {installation.folder}")
        if images or test_seconds != _TEST_SECONDS:
            manner.say("--images and --test-seconds count from its next start: lockgate down, then up with them")
    _wait(installation, timeout, lambda name: None if was_running else manner.say(f"started {name}"))
    token = installation.token_file.read_text().strip()
    save(Credentials(endpoint=installation.endpoint, token=token))
    for sentence in other_ports(installation, gateway_port):
        manner.say(sentence)
    manner.say(f"Lockgate answers at {installation.endpoint}, services at {installation.gateway}; you are logged in.")
    named = _named(data)
    manner.say(f'For kubectl and this program in your shell:  eval "$(lockgate env{named})"')
    manner.say(f"To stop everything:  lockgate down{named}")


@local
def down(manner: Manner, data: DataOption = DEFAULT_DATA) -> None:
    """Stop every process of the installation; what it stored stays for the next `up`."""
    stopped = _is_there(data) and installations.stop(data)
    manner.say("stopped" if stopped else f"nothing was running in {data.expanduser()}")


@local
def env(manner: Manner, data: DataOption = DEFAULT_DATA) -> None:
    """Print what a shell needs to use the installation: eval "$(lockgate env)"."""
    for line in exports(_existing(data)):
        typer.echo(line)


@local
def logs(
    manner: Manner,
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help=f"One of {', '.join(PROGRAMS)}.")] = "lockgate",
    data: DataOption = DEFAULT_DATA,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows, until Ctrl-C.")] = False,
    tail: Annotated[int, typer.Option("--tail", min=0, help="Lines from the end.")] = 100,
) -> None:
    """Show what a program of the installation logged."""
    if program not in PROGRAMS:
        raise End(Ending.USAGE, f"unknown program {program!r}: known are {', '.join(PROGRAMS)}")
    path = _existing(data).logs / f"{program}.log"
    if not path.exists():
        raise End(
            Ending.NOT_FOUND, f"{program} has logged nothing in {path.parent}: is it up?  lockgate up{_named(data)}"
        )
    command = ["tail", f"--lines={tail}", *(["--follow"] if follow else []), str(path)]
    ended = subprocess.run(command, check=False).returncode
    if ended and ended != -signal.SIGPIPE:  # as of `lockgate logs | head`, which has seen enough
        raise End(Ending.ERRORED, f"tail could not show {path}")


def exports(installation: Installation) -> tuple[str, ...]:
    """Shell lines. The user's own kubeconfig and current context are not touched: KUBECONFIG names ours."""
    programs = Path(sys.executable).parent
    path = os.environ.get("PATH", "")
    lines = [f"export KUBECONFIG={shlex.quote(str(installation.kubeconfig))}"]
    if str(programs) not in path.split(os.pathsep):
        lines.append(f'export PATH={shlex.quote(str(programs))}:"$PATH"')
    return tuple(lines)


def _named(data: Path) -> str:
    """What a hint needs to work as it is printed."""
    return "" if data == DEFAULT_DATA else f" --data={shlex.quote(str(data))}"


def _wait(installation: Installation, seconds: float, tell: Callable[[str], None]) -> None:
    started = time.monotonic()
    try:
        installations.until_ready(installation, seconds, tell)
    except PermanentError as error:
        late = time.monotonic() - started >= seconds
        raise End(Ending.TIMED_OUT if late else Ending.ERRORED, str(error)) from error


def _is_there(data: Path) -> bool:
    return (data.expanduser() / "installation.json").is_file()


def _existing(data: Path) -> Installation:
    """Only `up` makes one; looking for one leaves no folder behind."""
    if not _is_there(data):
        raise End(Ending.NOT_FOUND, f"there is no installation in {data.expanduser()}: lockgate up{_named(data)}")
    return open_installation(data)
