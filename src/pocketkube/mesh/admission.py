"""Whether routes may be served now: only when everything they send more requests to than before can take them."""

from collections.abc import Mapping

from pocketkube.mesh.admin import EnvoyView
from pocketkube.mesh.compiled import Compiled
from pocketkube.mesh.plans import Endpoint


def obstacles(
    candidate: Compiled,
    served: Compiled | None,
    live: Mapping[str, list[Endpoint]],
    view: EnvoyView | None,
) -> list[str]:
    """Why not yet, a sentence each; `live` are the ready endpoints by cluster, `view` None without an answer."""
    before = {} if served is None else served.weights
    raised = [name for name, weight in candidate.weights.items() if weight > before.get(name, 0)]
    if view is None:
        return ["Envoy does not answer, so the health of the endpoints is unknown"] if raised else []
    found = [f"Envoy does not know the cluster {name} yet" for name in candidate.weights if name not in view.hosts]
    for name in raised:
        endpoints = live.get(name, [])
        if not endpoints:
            found.append(f"{name} has no ready pod")
        found += [
            f"Envoy does not find {endpoint.place} of {name} healthy"
            for endpoint in endpoints
            if name in view.hosts and not view.is_healthy(name, endpoint.place)
        ]
    return found
