"""What Envoy itself says about its endpoints, routes and listeners."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

_STATS = r"(rds\..*|cluster_manager\.cds|listener_manager\.lds)\.(version_text|update_rejected|update_failure)$"
_STAT = re.compile(r"(?:.*\.(rds\.[^.]+)|cluster_manager\.(cds)|listener_manager\.(lds))\.(\w+)")
_LISTENERS = "name,error_state.details,active_state.version_info,warming_state.version_info"


class EnvoyGoneError(Exception):
    """Nobody listens on the admin port: no request is served at this moment."""


class EnvoySilentError(Exception):
    """Envoy may well be serving, but does not answer in time or in form."""


@dataclass(frozen=True, slots=True)
class Host:
    """An endpoint as Envoy sees it; `active` counts requests and connections under way."""

    is_healthy: bool
    is_draining: bool
    requests: int
    connections: int


@dataclass(frozen=True, slots=True)
class EnvoyView:
    """One look at Envoy; files are named as in `files`.

    `hosts` is by cluster, then by address:port; `refusals` counts what was rejected or could not be read.
    """

    hosts: Mapping[str, Mapping[str, Host]]
    versions: Mapping[str, str]
    refusals: Mapping[str, int]
    listeners: frozenset[str]
    listener_errors: Mapping[str, str]

    def is_healthy(self, cluster: str, place: str) -> bool:
        host = self.hosts.get(cluster, {}).get(place)
        return host is not None and host.is_healthy


class Admin:
    """Envoy's admin interface on the loopback interface."""

    def __init__(self, address: str, port: int) -> None:
        self._http = httpx.AsyncClient(base_url=f"http://{address}:{port}", timeout=2.0, trust_env=False)

    async def look(self) -> EnvoyView:
        """EnvoyGoneError, EnvoySilentError."""
        try:
            clusters = await self._get("/clusters", format="json")
            stats = await self._get("/stats", format="json", filter=_STATS)
            dump = await self._get("/config_dump", resource="dynamic_listeners", mask=_LISTENERS)
            taken = await self._get("/config_dump", mask="version_info")
        except httpx.ConnectError as error:
            raise EnvoyGoneError(f"no Envoy at {self._http.base_url}") from error
        except (httpx.HTTPError, ValueError) as error:
            raise EnvoySilentError(f"Envoy at {self._http.base_url}: {error}") from error
        return read_view(clusters, stats, dump, taken)

    async def close(self) -> None:
        await self._http.aclose()

    async def _get(self, path: str, **query: str) -> dict[str, Any]:
        response = await self._http.get(path, params=query)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def read_view(
    clusters: dict[str, Any], stats: dict[str, Any], dump: dict[str, Any], taken: dict[str, Any]
) -> EnvoyView:
    """From the JSON of /clusters, /stats, /config_dump of the dynamic listeners, and of all versions."""
    versions: dict[str, str] = {}
    refusals: dict[str, int] = {}
    for stat in stats.get("stats", []):
        parsed = _STAT.fullmatch(stat.get("name", ""))
        if parsed is None:
            continue
        name = (parsed[1] or parsed[2] or parsed[3]).replace(".", "/")
        if parsed[4] == "version_text":
            versions[name] = stat["value"]
        else:
            refusals[name] = refusals.get(name, 0) + stat["value"]
    for entry in taken.get("configs", []):
        # The statistics lag behind for good while one of the listeners cannot be bound; the rest is served.
        if entry.get("@type", "").endswith(".ListenersConfigDump") and "version_info" in entry:
            versions["lds"] = entry["version_info"]
    listeners = [entry for entry in dump.get("configs", []) if entry.get("name")]
    return EnvoyView(
        hosts={
            cluster["name"]: dict(map(_host, cluster.get("host_statuses", [])))
            for cluster in clusters.get("cluster_statuses", [])
        },
        versions=versions,
        refusals=refusals,
        listeners=frozenset(entry["name"] for entry in listeners if "active_state" in entry),
        listener_errors={
            entry["name"]: entry["error_state"].get("details", "") for entry in listeners if "error_state" in entry
        },
    )


def _host(status: dict[str, Any]) -> tuple[str, Host]:
    where = status["address"]["socket_address"]
    health = status.get("health_status", {})
    numbers = {stat["name"]: int(stat.get("value", 0)) for stat in status.get("stats", [])}
    return f"{where['address']}:{where['port_value']}", Host(
        is_healthy=health == {"eds_health_status": "HEALTHY"},
        is_draining=health.get("eds_health_status") == "DRAINING",
        requests=numbers.get("rq_active", 0),
        connections=numbers.get("cx_active", 0),
    )
