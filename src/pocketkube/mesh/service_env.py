"""The environment by which a pod finds the Services of its namespace, as Kubernetes gives it."""

from pocketkube.mesh.services import listened_port, loopback_address, lowest_bindable_port
from pocketkube.objects.store import ObjectStore


def service_environment(store: ObjectStore, namespace: str) -> dict[str, str]:
    """<SVC>_SERVICE_HOST, _SERVICE_PORT and, for named ports, _SERVICE_PORT_<NAME>; ports as really listened on.

    A headless Service, or one that has no address yet, is not in it.
    """
    lowest = lowest_bindable_port()
    environment: dict[str, str] = {}
    for obj in store.list("Service", namespace):
        address = loopback_address(obj)
        ports = (obj.get("spec") or {}).get("ports") or []
        if address is None or not ports:
            continue
        prefix = f"{_variable(obj['metadata']['name'])}_SERVICE"
        environment[f"{prefix}_HOST"] = address
        environment[f"{prefix}_PORT"] = str(listened_port(ports[0]["port"], lowest))
        for port in ports:
            if port.get("name"):
                name = _variable(port["name"])
                environment[f"{prefix}_PORT_{name}"] = str(listened_port(port["port"], lowest))
    return environment


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
