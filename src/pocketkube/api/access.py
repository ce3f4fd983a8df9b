"""Who may talk to the API: the token, the hosts by which it may be called, and the kubeconfig that carries both."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml

from pocketkube.api.certificates import SERVER_ADDRESS, SERVER_NAMES
from pocketkube.kit.files import write_atomically
from pocketkube.objects.errors import ForbiddenError, StoreError

OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version")
_HOSTS = (*SERVER_NAMES, SERVER_ADDRESS)


class UnauthorizedError(StoreError):
    code = 401
    reason = "Unauthorized"


class MisdirectedError(StoreError):
    code = 421
    reason = "BadRequest"


def token_in(folder: Path) -> str:
    """The installation's token; made at first start and kept in DATA/token, readable by its owner only."""
    path = folder / "token"
    if not path.is_file():
        write_atomically(path, secrets.token_urlsafe(32) + "\n", mode=0o600)
    return path.read_text(encoding="utf-8").strip()


def write_kubeconfig(folder: Path, *, server: str, context: str, token: str) -> Path:
    """DATA/kubeconfig, for this installation alone; no other kubeconfig is read or changed."""
    authority = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": context, "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context, "namespace": "default"}}],
    }
    path = folder / "kubeconfig"
    write_atomically(path, yaml.safe_dump(config, sort_keys=False), mode=0o600)
    return path


class Doorkeeper:
    """Refuses requests that come under a foreign name, from a foreign page, or without the token."""

    def __init__(self, token: str) -> None:
        self._token = hashlib.sha256(token.encode()).digest()

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """MisdirectedError, ForbiddenError or UnauthorizedError; header names are in lower case."""
        host = headers.get("host", "")
        if _without_port(host) not in _HOSTS:
            raise MisdirectedError(f"this server is not {host!r}; call it {SERVER_ADDRESS} or localhost")
        origin = headers.get("origin")
        if origin is not None and origin not in (f"https://{host}", f"http://{host}"):
            raise ForbiddenError(f"requests from pages of {origin!r} are not answered")
        if path in OPEN_PATHS:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = hashlib.sha256(token.strip().encode()).digest()
        if scheme.lower() != "bearer" or not secrets.compare_digest(given, self._token):
            raise UnauthorizedError("Unauthorized")


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name.lower() if colon and port.isdigit() else host.lower()
