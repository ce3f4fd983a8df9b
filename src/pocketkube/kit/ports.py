"""TCP ports on the loopback interface."""

import socket

from pocketkube.kit.claims import claim


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment; another program may take it before you do."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def claim_port(port: int) -> socket.socket | None:
    """Keeps a port for a program that will listen there later; see `claim`."""
    return claim(f"port/{port}")


def may_bind(host: str, port: int) -> bool:
    """Whether this user may listen there now: false for a port in use, or one below 1024 without the right to it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
