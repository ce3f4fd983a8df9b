"""`lockgate demo`: a slow build is refused, a fast one reaches production, and users notice nothing."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from lockgate.cli.demo.expectations import Expectations
from lockgate.cli.demo.shell import Shell
from lockgate.cli.demo.stand_in import Monitoring, stand_in
from lockgate.cli.demo.story import SHORT_HOST, Story, host
from lockgate.cli.demo.traffic import Tally, Traffic
from lockgate.cli.sentences import beside_verdict
from lockgate.domain.errors import LockgateError
from lockgate.kit.clock import parse_rfc3339
from lockgate.wiring import local
from lockgate.wiring.installation import ANY_PORTS, Installation, open_installation
from lockgate.wiring.programs import Wishes

_READY_SECONDS = 90
_LEAST_RATE = 20.0


def demo(
    data: Annotated[Path | None, typer.Option(help="Folder; else a new one that goes at the end.")] = None,
    test_seconds: Annotated[int, typer.Option(min=5, help="Load of a performance check.")] = 15,
    monitoring: Annotated[Monitoring, typer.Option(help="What the gate measures with.")] = Monitoring.PROMETHEUS,
    keep: Annotated[bool | None, typer.Option(help="Stay up until Ctrl-C (default: on a terminal).")] = None,
) -> None:
    """Carry three versions of carts through dev, staging and production and show the gate at work."""
    stay = sys.stdin.isatty() and sys.stdout.isatty() if keep is None else keep
    folder = (data or Path(tempfile.mkdtemp(prefix="lockgate-demo-"))).resolve()
    console = Console(highlight=False)
    try:
        met = _run(console, folder, test_seconds, monitoring, stay)
    except KeyboardInterrupt:
        console.print("interrupted")
        met = False
    except LockgateError as error:
        console.print(f"[red]{error}[/red]")
        met = False
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not end the stopping by halves
        local.stop(folder)
    if met and data is None:
        shutil.rmtree(folder, ignore_errors=True)
    elif not met:
        console.print(f"kept for a look: {folder} (logs in {folder / 'logs'})")
    raise typer.Exit(0 if met else 1)


def _run(console: Console, folder: Path, test_seconds: int, monitoring: Monitoring, stay: bool) -> bool:
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    installation = _start(console, folder, test_seconds)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    shell = Shell(console, work, _environment(installation))
    with _measured_with(monitoring, installation, work, console) as configure:
        story = Story(installation, shell, work, Expectations(), monitoring.value, configure)
        traffic = Traffic(installation.gateway_port, (host("staging"), host("production")))
        traffic.start()
        try:
            _tell(story, shell)
        finally:
            tallies = traffic.stop()
        _expect_no_failures(story.expect, tallies)
        stays = stay and not story.expect.unmet
        _summarise(console, story, tallies, time.monotonic() - started)
        _print_addresses(console, story, stays=stays)
        if stays:
            console.print("Everything stays up; Ctrl-C stops it.")
            with contextlib.suppress(KeyboardInterrupt):  # all was observed: this is the good end
                threading.Event().wait()
    return not story.expect.unmet


def _environment(installation: Installation) -> dict[str, str]:
    """Nothing of the demo stays behind in the user's home: kubectl would keep its cache of the API there."""
    folder = installation.folder
    return {
        "KUBECONFIG": str(installation.kubeconfig),
        "KUBECACHEDIR": str(folder / "kubectl"),
        "LOCKGATE_HOME": str(folder / "home"),
    }


@contextlib.contextmanager
def _measured_with(
    monitoring: Monitoring, installation: Installation, work: Path, console: Console
) -> Iterator[tuple[str, ...]]:
    """What `configure monitoring` takes."""
    if monitoring is Monitoring.PROMETHEUS:
        yield ("prometheus",)
        return
    with stand_in(installation.prometheus_url, work, installation.logs) as tenant:
        console.print(f"  a stand-in for Dynatrace, not Dynatrace, at {tenant.address}: it answers from Prometheus")
        yield ("dynatrace", f"--tenant={tenant.address}", f"--token-file={tenant.token_file.name}")


def _start(console: Console, folder: Path, test_seconds: int) -> Installation:
    console.print("Starting pocketkube, Envoy, Prometheus and the control plane on this machine ...")
    open_installation(folder, ANY_PORTS)  # the usual ones stay free for `lockgate up`, which keeps what it gets first
    with as_file(files("sockshop") / "files" / "images.toml") as shop:
        wishes = Wishes(images=(shop,), context="lockgate-demo", test_seconds=test_seconds)
        installation = local.start(folder, wishes, owner=os.getpid())
    local.until_ready(installation, _READY_SECONDS, lambda name: console.print(f"  {name}"))
    return installation


def _tell(story: Story, shell: Shell) -> None:
    installation = story.installation
    shell.say("\nLog in, set up monitoring, create the project and onboard its services")
    shell.show("lockgate", "auth", f"--endpoint={installation.endpoint}", f"--api-token-file={installation.token_file}")
    story.prepare()
    shell.say("\nThe first version, 0.6.0, reaches production: there is no quality gate yet")
    story.first_artifact()
    shell.say("\nPut the quality gate in force: the average response time must stay under one second")
    story.put_gate_in_force()
    shell.say(f"\nA version with a slowdown, {story.slow}: the gate refuses it in staging, and traffic goes back")
    story.slow_artifact()
    shell.say(f"\nA version without it, {story.fast}: it reaches production")
    story.fast_artifact()
    shell.say("\nWhat the cluster says")
    story.look_with_kubectl()


def _expect_no_failures(expect: Expectations, tallies: tuple[Tally, ...]) -> None:
    for tally in tallies:
        expect.same(f"failed requests of users of {tally.host}", 0, tally.failed if tally.requests else "no request")
        enough = tally.rate >= _LEAST_RATE
        expect.holds(f"at least {_LEAST_RATE:g} requests a second at {tally.host}", enough, f"{tally.rate:.1f}")


def _summarise(console: Console, story: Story, tallies: tuple[Tally, ...], seconds: float) -> None:
    story.shell.say("\nWhat happened")
    for journey in story.journeys:
        for line in _journey_lines(journey.told):
            console.print(Text(line), soft_wrap=True)
    for tally in tallies:
        rate = f"{tally.requests} requests at {tally.rate:.0f} a second, {tally.failed} failed"
        console.print(f"users of http://{tally.host}: {rate} {tally.failures or ''}", soft_wrap=True)
    for unmet in story.expect.unmet:
        console.print(
            Text(f"NOT AS EXPECTED: {unmet.what}: expected {unmet.expected}, saw {unmet.seen}"), soft_wrap=True
        )
    met = len(story.expect.made) - len(story.expect.unmet)
    console.print(f"{met} of {len(story.expect.made)} expectations were met, in {seconds:.0f} s.")


def _print_addresses(console: Console, story: Story, *, stays: bool) -> None:
    """They answer as long as the demo is up."""
    console.print("Look at it:" if stays else "Addresses, until the demo stops now (--keep leaves it up):")
    port = story.installation.gateway_port
    for name in (host("staging"), host("production"), SHORT_HOST):
        console.print(f"http://{name}:{port}/version", soft_wrap=True)
    console.print(f"console: {story.page()}", soft_wrap=True)


def _journey_lines(told: dict[str, Any]) -> Iterator[str]:
    """Version, stage, verdict, score, seconds, and below it the sentence that explains it."""
    scores = {each["stage"]: each for each in told["evaluations"]}
    for run in told["runs"]:
        if run["fixed"]:
            continue
        score = scores.get(run["stage"])
        points = f"{score['score']:g} of {score['score_possible']:g}" if score else "-"
        yield f"{run['tag']:<17} {run['stage']:<11} {run['verdict'] or '-':<14} {points:<10} {_seconds(run):>4} s"
        yield f"    {beside_verdict(run['reason'])}"


def _seconds(run: dict[str, Any]) -> str:
    if not run["started_at"] or not run["finished_at"]:
        return ""
    return f"{(parse_rfc3339(run['finished_at']) - parse_rfc3339(run['started_at'])).total_seconds():.0f}"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
