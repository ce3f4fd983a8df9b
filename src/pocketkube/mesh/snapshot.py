"""One reading of the store: parsed objects, and what is wrong with those that cannot be served."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pocketkube.mesh.destination_rule import Labels, SubsetRule, parse_destination_rule
from pocketkube.mesh.gateway import MeshGateway, parse_gateway
from pocketkube.mesh.manifest import RefusedError
from pocketkube.mesh.names import ServiceRef
from pocketkube.mesh.pods import MeshPod, parse_pod
from pocketkube.mesh.routing import Routing
from pocketkube.mesh.services import MeshService, parse_service
from pocketkube.mesh.virtual_service import parse_virtual_service
from pocketkube.mesh.world import World
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

WATCHED = ("Service", "Pod", "Gateway", "VirtualService", "DestinationRule")
T = TypeVar("T")
Parsed = dict[str, T | RefusedError]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Keys are namespace/name. `routings` and `virtual_services` come oldest first.

    `rules` are those in force: of a DestinationRule that cannot be served, the one before. `verdicts` are on the
    objects that are no VirtualServices: None, or what is wrong.
    """

    world: World
    services: list[MeshService]
    pods: list[MeshPod]
    virtual_services: Mapping[str, KubeObject]
    routings: Mapping[str, Routing | RefusedError]
    rules: dict[str, SubsetRule]
    verdicts: list[tuple[KubeObject, RefusedError | None]]


def read_snapshot(store: ObjectStore, rules_in_force: Mapping[str, SubsetRule]) -> Snapshot:
    services = [parsed for obj in store.list("Service") if (parsed := parse_service(obj))]
    gateway_objects = _by_key(store, "Gateway")
    gateways: Parsed[MeshGateway] = _parse(gateway_objects, parse_gateway)
    rule_objects = _by_key(store, "DestinationRule")
    parsed_rules: Parsed[SubsetRule] = _parse(rule_objects, parse_destination_rule)
    rules = {
        key: rule if isinstance(rule, SubsetRule) else rules_in_force[key]
        for key, rule in parsed_rules.items()
        if isinstance(rule, SubsetRule) or key in rules_in_force
    }
    subsets, complaints = _subsets(rules)
    wrong = {key: rule for key, rule in parsed_rules.items() if isinstance(rule, RefusedError)}
    verdicts: list[tuple[KubeObject, RefusedError | None]] = [
        (obj, wrong.get(key) or complaints.get(key)) for key, obj in rule_objects.items()
    ]
    for key, obj in gateway_objects.items():
        gateway = gateways[key]
        verdicts.append((obj, gateway if isinstance(gateway, RefusedError) else None))
    virtual_services = _by_key(store, "VirtualService")
    return Snapshot(
        world=World({service.ref: service for service in services}, subsets, gateways),
        services=services,
        pods=[parse_pod(obj) for obj in store.list("Pod")],
        virtual_services=virtual_services,
        routings=_parse(virtual_services, parse_virtual_service),
        rules=rules,
        verdicts=verdicts,
    )


def _by_key(store: ObjectStore, kind: str) -> dict[str, KubeObject]:
    """Oldest first; of two made in one second, the first by name."""
    objects = sorted(store.list(kind), key=lambda obj: (obj["metadata"]["creationTimestamp"], _key(obj)))
    return {_key(obj): obj for obj in objects}


def _key(obj: KubeObject) -> str:
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


def _parse(objects: Mapping[str, KubeObject], parse: Callable[[KubeObject], T]) -> Parsed[T]:
    found: Parsed[T] = {}
    for key, obj in objects.items():
        try:
            found[key] = parse(obj)
        except RefusedError as error:
            found[key] = error
    return found


def _subsets(
    rules: Mapping[str, SubsetRule],
) -> tuple[dict[ServiceRef, dict[str, Labels]], dict[str, RefusedError]]:
    """By Service; a subset that two rules define is the older rule's."""
    subsets: dict[ServiceRef, dict[str, Labels]] = {}
    complaints = {}
    for key, rule in rules.items():
        known = subsets.setdefault(rule.service, {})
        for name, labels in rule.subsets:
            if known.setdefault(name, labels) != labels:
                complaints[key] = RefusedError(
                    f"spec.subsets: an older DestinationRule of {rule.service.host} defines {name!r} otherwise", "Taken"
                )
    return subsets, complaints
