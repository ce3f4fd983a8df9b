"""What is served now, remembered on disk: the routes that were admitted, the subsets, the clusters behind them."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pocketkube.kit.files import write_atomically
from pocketkube.mesh.compiled import Compiled
from pocketkube.mesh.destination_rule import SubsetRule
from pocketkube.mesh.names import ClusterKey, ServiceRef
from pocketkube.mesh.plans import ClusterPlan


@dataclass(slots=True)
class Served:
    """`routes` and `rules` by namespace/name of VirtualService and DestinationRule, `plans` by cluster name."""

    routes: dict[str, Compiled] = field(default_factory=dict)
    rules: dict[str, SubsetRule] = field(default_factory=dict)
    plans: dict[str, ClusterPlan] = field(default_factory=dict)


class ServedFile:
    """Keeps a Served; written before the routes are, so that a restart renders the same or goes on from there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = path.read_text() if path.exists() else ""

    def load(self) -> Served:
        if not self._written:
            return Served()
        content = json.loads(self._written)
        return Served(
            routes={key: _compiled(value) for key, value in content["routes"].items()},
            rules={key: _rule(value) for key, value in content["rules"].items()},
            plans={key: _plan(value) for key, value in content["plans"].items()},
        )

    def save(self, served: Served) -> None:
        text = json.dumps(asdict(served), indent=1, sort_keys=True)
        if text != self._written:
            write_atomically(self._path, text)
            self._written = text


def _compiled(value: dict[str, Any]) -> Compiled:
    return Compiled(
        hosts=tuple(value["hosts"]),
        gateway_routes=value["gateway_routes"],
        http=value["http"],
        tcp=value["tcp"],
        weights=value["weights"],
    )


def _rule(value: dict[str, Any]) -> SubsetRule:
    subsets = tuple((name, _labels(labels)) for name, labels in value["subsets"])
    return SubsetRule(ServiceRef(**value["service"]), subsets)


def _plan(value: dict[str, Any]) -> ClusterPlan:
    key = value["key"]
    return ClusterPlan(
        key=ClusterKey(ServiceRef(**key["service"]), key["port"], key["subset"]),
        labels=_labels(value["labels"]),
        target=value["target"],
        is_http2=value["is_http2"],
        is_first_port=value["is_first_port"],
        check_path=value["check_path"],
    )


def _labels(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)
