"""The port of the gateway: as asked, kept, and never that of another installation."""

import socket
from pathlib import Path

from pocketkube.kit.ports import free_port
from pocketkube.mesh.ingress_service import ADDRESS, gateway_port_claimed


def test_installations_that_start_at_the_same_moment_get_ports_of_their_own(tmp_path: Path) -> None:
    """Nobody listens yet: that alone must not make a port free for both."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    asked = free_port()
    with gateway_port_claimed(one, asked) as first, gateway_port_claimed(other, asked) as second:
        assert first == asked
        assert second != asked


def test_a_port_where_somebody_listens_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind((ADDRESS, 0))
        stranger.listen()
        asked = stranger.getsockname()[1]
        with gateway_port_claimed(tmp_path, asked) as port:
            assert port != asked


def test_the_port_is_kept_over_a_restart_while_envoy_goes_on_listening_there(tmp_path: Path) -> None:
    asked = free_port()
    with gateway_port_claimed(tmp_path, asked) as before:
        pass
    with socket.socket() as envoy:
        envoy.bind((ADDRESS, before))
        envoy.listen()
        with gateway_port_claimed(tmp_path, asked) as after:
            assert after == before == asked


def test_the_port_that_was_asked_for_is_taken_as_soon_as_it_is_free_again(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind((ADDRESS, 0))
        stranger.listen()
        asked = stranger.getsockname()[1]
        with gateway_port_claimed(tmp_path, asked) as instead:
            pass
    with socket.socket() as envoy:
        envoy.bind((ADDRESS, instead))
        envoy.listen()
        with gateway_port_claimed(tmp_path, asked) as port:
            assert port == instead  # where our own Envoy goes on listening
    with gateway_port_claimed(tmp_path, asked) as port:
        assert port == asked
