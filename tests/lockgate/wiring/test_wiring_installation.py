"""Ports of installations on one machine, and commands given to the same one at the same moment."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.domain.errors import PermanentError
from lockgate.wiring import local
from lockgate.wiring.installation import ANY_PORTS, Installation, Ports, open_installation, other_ports, ports_claimed
from lockgate.wiring.listeners import listener
from lockgate.wiring.programs import Wishes


def made(folder: Path, ports: Ports) -> Installation:
    """One that was told these ports when it was made."""
    folder.mkdir()
    (folder / "installation.json").write_text(json.dumps({"api": ports.api, "prometheus": ports.prometheus}))
    return open_installation(folder)


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_installation_keeps_its_ports(tmp_path: Path) -> None:
    first = open_installation(tmp_path / "a")
    with ports_claimed(first) as claimed:
        assert claimed.ports == open_installation(tmp_path / "a").ports


def test_two_installations_that_were_made_at_the_same_moment_get_different_ports(tmp_path: Path) -> None:
    same = Ports(api=a_port(), prometheus=a_port())
    one, other = made(tmp_path / "one", same), made(tmp_path / "other", same)
    with ports_claimed(one) as first, ports_claimed(other) as second:
        assert first.ports == same
        assert not {second.ports.api, second.ports.prometheus} & {same.api, same.prometheus}
        assert open_installation(tmp_path / "other").ports == second.ports


def test_a_port_that_users_know_is_not_given_up_for_another(tmp_path: Path) -> None:
    installation = made(tmp_path / "known", Ports(api=a_port(), prometheus=a_port()))
    installation.control.mkdir()  # it has run before
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.ports.api))
        taken.listen()
        with (
            pytest.raises(PermanentError, match=f"port {installation.ports.api} .* is in use by another program"),
            ports_claimed(installation),
        ):
            pass
    assert open_installation(tmp_path / "known").ports == installation.ports


def test_who_has_a_taken_port_is_named_with_the_file_that_keeps_the_port(tmp_path: Path) -> None:
    installation = made(tmp_path / "known", Ports(api=a_port(), prometheus=a_port()))
    installation.control.mkdir()
    port = installation.ports.api
    command = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print('there', flush=True); input()"
    other = subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout and other.stdout.readline() == b"there\n"
    who = rf"python.* \(process {other.pid}\)"
    with pytest.raises(PermanentError, match=rf"{who}.* or change 'api' in .*installation\.json"):
        ports_claimed(installation).__enter__()
    other.communicate(b"\n")
    free = {"api": a_port(), "prometheus": installation.ports.prometheus}
    (installation.folder / "installation.json").write_text(json.dumps(free))
    with ports_claimed(open_installation(installation.folder)) as changed:
        assert changed.ports.api == free["api"]


def test_nobody_is_named_for_a_port_that_is_free() -> None:
    assert listener(a_port()) == ""


def test_a_start_that_finds_its_port_taken_says_which_and_leaves_nothing_running(tmp_path: Path) -> None:
    installation = made(tmp_path / "known", Ports(api=a_port(), prometheus=a_port()))
    installation.control.mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.ports.prometheus))
        taken.listen()
        local.start(installation.folder, Wishes())
        with pytest.raises(PermanentError, match=f"port {installation.ports.prometheus} "):
            local.until_ready(installation, 30, lambda _: None)
    assert local.running(installation).supervisor is None
    assert not local.stop(installation.folder)


def test_stopping_waits_until_a_start_that_is_under_way_has_come_to_something(tmp_path: Path) -> None:
    installation = open_installation(tmp_path / "a")
    command = f"from lockgate.wiring import local; from pathlib import Path; local.stop(Path({str(tmp_path / 'a')!r}))"
    with local.one_at_a_time(installation):
        stopping = subprocess.Popen([sys.executable, "-c", command])
        with pytest.raises(subprocess.TimeoutExpired):
            stopping.wait(3)
    assert stopping.wait(60) == 0


def test_an_installation_that_wishes_for_any_ports_leaves_the_usual_ones(tmp_path: Path) -> None:
    passing = open_installation(tmp_path / "passing", ANY_PORTS)
    assert not {7676, 7690, 0} & {passing.ports.api, passing.ports.prometheus}
    assert open_installation(tmp_path / "passing").ports == passing.ports


def test_ports_that_are_not_the_usual_ones_are_told_with_who_has_those(tmp_path: Path) -> None:
    installation = made(tmp_path / "home", Ports(api=7676, prometheus=1))
    installation.pocketkube.mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (installation.pocketkube / "gateway.json").write_text(f'{{"asked": {taken}, "port": 44959}}')
        (told,) = other_ports(installation, taken)
        assert told.startswith(f"Envoy took port 44959: {taken} was in use by ")
    assert other_ports(installation, taken) == [f"Envoy took port 44959: {taken} was in use"]


def test_a_port_that_was_not_wished_for_then_is_not_said_to_have_been_in_use(tmp_path: Path) -> None:
    installation = made(tmp_path / "home", Ports(api=7676, prometheus=1))
    installation.pocketkube.mkdir()
    (installation.pocketkube / "gateway.json").write_text('{"asked": 31380, "port": 31380}')
    (told,) = other_ports(installation, 31390)
    assert told == (
        "Envoy keeps port 31380 while the installation runs: for 31390 end that with lockgate down, then start it again"
    )
    assert other_ports(installation, 31380) == []
