"""What the programs of the demo application read from their environment, parsed once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sockshop.limits import MAX_DELAY_MS, whole_number

_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What the pod's template tells a program about itself; shown on the start page."""

    pod: str
    namespace: str
    deployment: str
    image: str


@dataclass(frozen=True, slots=True)
class CartsSettings:
    listen: Address
    store: Address
    version: str
    delay_ms: int
    pod: PodFacts


@dataclass(frozen=True, slots=True)
class StoreSettings:
    listen: Address
    database: Path


def carts_settings(environment: Mapping[str, str]) -> CartsSettings:
    """Raises SettingsError."""
    return CartsSettings(
        listen=_address(environment, "POD_IP", "PORT", default_port=8080),
        store=_address(environment, "CARTS_DB_SERVICE_HOST", "CARTS_DB_SERVICE_PORT", default_port=27017),
        version=environment.get("CARTS_VERSION", "unknown"),
        delay_ms=_number(environment, "CARTS_DELAY_MS", default=0, highest=MAX_DELAY_MS),
        pod=PodFacts(
            pod=environment.get("POD_NAME", "unknown"),
            namespace=environment.get("KUBERNETES_NAMESPACE", "unknown"),
            deployment=environment.get("DEPLOYMENT_NAME", "unknown"),
            image=environment.get("CONTAINER_IMAGE", "unknown"),
        ),
    )


def store_settings(environment: Mapping[str, str]) -> StoreSettings:
    """The volume is mounted at /data/db, below POD_ROOT where pods are local processes. Raises SettingsError."""
    return StoreSettings(
        listen=_address(environment, "POD_IP", "PORT", default_port=27017),
        database=Path(environment.get("POD_ROOT", "") + "/data/db") / "carts.sqlite",
    )


def _address(environment: Mapping[str, str], host: str, port: str, *, default_port: int) -> Address:
    return Address(
        host=environment.get(host) or "127.0.0.1",
        port=_number(environment, port, default=default_port, highest=_HIGHEST_PORT),
    )


def _number(environment: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = environment.get(name, "")
    return whole_number(name, text, highest=highest) if text else default
