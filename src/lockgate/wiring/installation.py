"""One installation on one machine: its folder, and the ports it keeps for life."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lockgate.domain.errors import PermanentError
from lockgate.wiring.listeners import listener
from pocketkube.kit.files import write_atomically
from pocketkube.kit.ports import claim_port, free_port, may_bind

_LOOPBACK = "127.0.0.1"
_KEPT_IN, _GATEWAY_IN = "installation.json", "gateway.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """0 stands for any that is free, in what is wished for."""

    api: int
    prometheus: int


_USUAL_PORTS = Ports(api=7676, prometheus=7690)
ANY_PORTS = Ports(api=0, prometheus=0)


@dataclass(frozen=True, slots=True)
class Installation:
    """*folder* holds everything that the installation ever writes, but for the user's credentials."""

    folder: Path
    ports: Ports

    @property
    def pocketkube(self) -> Path:
        return self.folder / "pocketkube"

    @property
    def control(self) -> Path:
        return self.folder / "control"

    @property
    def prometheus(self) -> Path:
        return self.folder / "prometheus"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def kubeconfig(self) -> Path:
        return self.pocketkube / "kubeconfig"

    @property
    def token_file(self) -> Path:
        return self.control / "token"

    @property
    def endpoint(self) -> str:
        return f"http://{_LOOPBACK}:{self.ports.api}"

    @property
    def prometheus_url(self) -> str:
        return f"http://{_LOOPBACK}:{self.ports.prometheus}"

    @property
    def gateway_port(self) -> int:
        """Known once pocketkube has started."""
        return int(json.loads((self.pocketkube / _GATEWAY_IN).read_text())["port"])

    @property
    def gateway(self) -> str:
        return f"http://{_LOOPBACK}:{self.gateway_port}"


def open_installation(folder: Path, wished: Ports = _USUAL_PORTS) -> Installation:
    """The installation in *folder*, made at the first call, with the *wished* ports where they are free. Its ports
    stay, so that printed addresses stay true."""
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / _KEPT_IN
    if path.exists():
        return Installation(folder=folder, ports=Ports(**json.loads(path.read_text())))
    ports = Ports(api=_port(wished.api), prometheus=_port(wished.prometheus))
    return _kept(Installation(folder=folder, ports=ports))


@contextmanager
def ports_claimed(installation: Installation) -> Iterator[Installation]:
    """The installation with ports that no other one takes meanwhile, also if both were made at the same moment.

    One that never ran gets others where its own are taken. Raises PermanentError for a port that was in use before and
    is taken: addresses that were given away must not lead to somebody else.
    """
    with ExitStack() as claims:
        wanted = asdict(installation.ports)
        for name, port in wanted.items():
            while not _claim(wanted[name], claims):
                if installation.control.exists():
                    raise _taken(installation, port, f"{name!r} in {installation.folder / _KEPT_IN}")
                wanted[name] = free_port(_LOOPBACK)
        # The gateway's port is pocketkube's to choose, and kept just as long: a stranger there would answer our users.
        if (installation.pocketkube / _GATEWAY_IN).exists() and not may_bind(_LOOPBACK, installation.gateway_port):
            raise _taken(installation, installation.gateway_port, f"'port' in {installation.pocketkube / _GATEWAY_IN}")
        yield _kept(replace(installation, ports=Ports(**wanted)))


def other_ports(installation: Installation, gateway_port: int) -> list[str]:
    """What the user would look for at the usual ports, or at the *gateway_port* that was wished for, and finds
    elsewhere: one sentence each."""
    api, gateway = installation.ports.api, json.loads((installation.pocketkube / _GATEWAY_IN).read_text())
    found = [] if api == _USUAL_PORTS.api else [_elsewhere("Lockgate", _USUAL_PORTS.api, api)]
    if gateway["asked"] != gateway_port:  # it was running already, begun with another wish
        found.append(
            f"Envoy keeps port {gateway['port']} while the installation runs: for {gateway_port} end that with "
            "lockgate down, then start it again"
        )
    elif gateway["port"] != gateway_port:
        found.append(_elsewhere("Envoy", gateway_port, gateway["port"]))
    return found


def _elsewhere(name: str, wished: int, got: int) -> str:
    who = listener(wished)
    return f"{name} took port {got}: {wished} was in use{f' by {who}' if who else ''}"


def _taken(installation: Installation, port: int, kept: str) -> PermanentError:
    """*kept*: where the port is written down."""
    who = listener(port)
    return PermanentError(
        f"port {port} of the installation in {installation.folder} is in use by another program"
        f"{f', {who}' if who else ''}: end that (another installation? lockgate down --data FOLDER) or change {kept} "
        "to a free port, then start this one again"
    )


def _claim(port: int, claims: ExitStack) -> bool:
    claim = claim_port(port)
    if claim is None:
        return False
    claims.enter_context(claim)
    return may_bind(_LOOPBACK, port)


def _kept(installation: Installation) -> Installation:
    write_atomically(installation.folder / _KEPT_IN, json.dumps(asdict(installation.ports)), mode=0o600)
    return installation


def _port(preferred: int) -> int:
    return preferred if preferred and may_bind(_LOOPBACK, preferred) else free_port(_LOOPBACK)
