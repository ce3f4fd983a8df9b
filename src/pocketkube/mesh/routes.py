"""Envoy's route configurations as JSON values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pocketkube.mesh.routing import Comparison, HeaderEdits, HttpRoute, RequestMatch, TextMatch

GATEWAY = "gateway"
_TYPE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
_UNKNOWN_HOST = "No VirtualService routes this host and path; `kubectl get virtualservice -A` lists the hosts.\n"
_Json = dict[str, Any]


def http_routes(route: HttpRoute, shares: Sequence[tuple[str, int]], copy_to: str | None) -> list[_Json]:
    """One Envoy route for each of its matches; `shares` are (cluster, weight), `copy_to` the mirror's cluster."""
    action = _action(route, shares, copy_to)
    edits = {
        **_header_fields("request", route.request),
        **_header_fields("response", route.response),
    }
    matches = route.matches or (RequestMatch(),)
    return [
        {"match": _match(match), "route": {**action, **_rewrite(route.rewritten_uri)}, **edits} for match in matches
    ]


def route_configuration(name: str, hosts: Iterable[tuple[Sequence[str], list[_Json]]]) -> _Json:
    """One configuration from (domains, routes) pairs; any other host is answered 404 with a sentence.

    No domain may be there twice: Envoy refuses the whole configuration.
    """
    virtual_hosts = [
        {"name": domains[0], "domains": list(domains), "routes": routes} for domains, routes in hosts if domains
    ]
    if not any("*" in host["domains"] for host in virtual_hosts):
        answer = {
            "match": {"prefix": "/"},
            "direct_response": {"status": 404, "body": {"inline_string": _UNKNOWN_HOST}},
        }
        virtual_hosts.append({"name": "unknown", "domains": ["*"], "routes": [answer]})
    return {"@type": _TYPE, "name": name, "ignore_port_in_host_matching": True, "virtual_hosts": virtual_hosts}


def default_routes(cluster: str) -> list[_Json]:
    """Everything to one cluster, without a time limit."""
    return [{"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s"}}]


def greatest_weights(rendered: Iterable[_Json]) -> dict[str, int]:
    """The greatest weight of each cluster in routes or TCP shares, 0 for one that only gets copies."""
    weights: dict[str, int] = {}
    for item in rendered:
        action = item.get("route") or item
        shares = (action.get("weighted_clusters") or {}).get("clusters") or []
        found = [(share["name"], share["weight"]) for share in shares]
        found += [(policy["cluster"], 0) for policy in action.get("request_mirror_policies") or []]
        if "cluster" in action:
            found.append((action["cluster"], 100))
        if "weight" in item:
            found.append((item["name"], item["weight"]))
        for name, weight in found:
            weights[name] = max(weight, weights.get(name, 0))
    return weights


def clusters_named(resources: Any) -> set[str]:
    """Every cluster that rendered routes or listeners send anything to, by weight 0 too."""
    if isinstance(resources, list):
        return set().union(*map(clusters_named, resources))
    if not isinstance(resources, Mapping):
        return set()
    found = {resources["cluster"]} if isinstance(resources.get("cluster"), str) else set()
    shares = resources.get("weighted_clusters") or {}
    found |= {share["name"] for share in shares.get("clusters", [])}
    return found.union(*(clusters_named(value) for value in resources.values()))


def _action(route: HttpRoute, shares: Sequence[tuple[str, int]], copy_to: str | None) -> _Json:
    # Without a timeout Envoy would cut every answer off after 15 s.
    action: _Json = {"timeout": f"{route.timeout:.3f}s" if route.timeout else "0s"}
    if len(shares) == 1:
        action["cluster"] = shares[0][0]
    else:
        action["weighted_clusters"] = {"clusters": [{"name": name, "weight": weight} for name, weight in shares]}
    if route.rewritten_authority is not None:
        action["host_rewrite_literal"] = route.rewritten_authority
    if copy_to is not None and route.mirror is not None:
        share = {"numerator": route.mirror.millionths, "denominator": "MILLION"}
        action["request_mirror_policies"] = [{"cluster": copy_to, "runtime_fraction": {"default_value": share}}]
    return action


def _rewrite(uri: str | None) -> _Json:
    return {} if uri is None else {"prefix_rewrite": uri}


def _match(match: RequestMatch) -> _Json:
    found: _Json = {}
    if match.uri is None:
        found["prefix"] = "/"
    elif match.uri.comparison is Comparison.EXACT:
        found["path"] = match.uri.value
    elif match.uri.comparison is Comparison.PREFIX:
        found["prefix"] = match.uri.value
    else:
        found["safe_regex"] = {"regex": match.uri.value}
    if match.ignores_case:
        if "safe_regex" in found:
            found["safe_regex"]["regex"] = f"(?i){found['safe_regex']['regex']}"
        else:
            found["case_sensitive"] = False
    if match.headers:
        found["headers"] = [_header(name, wanted) for name, wanted in match.headers]
    return found


def _header(name: str, wanted: TextMatch) -> _Json:
    if wanted.comparison is Comparison.PRESENT:
        return {"name": name, "present_match": True}
    if wanted.comparison is Comparison.REGEX:
        return {"name": name, "string_match": {"safe_regex": {"regex": wanted.value}}}
    return {"name": name, "string_match": {wanted.comparison.value: wanted.value}}


def _header_fields(side: str, edits: HeaderEdits) -> _Json:
    """Envoy reads % in a value as the start of a command; %% is one %."""
    added = [
        {"header": {"key": key, "value": value.replace("%", "%%")}, "append_action": action}
        for action, pairs in (
            ("OVERWRITE_IF_EXISTS_OR_ADD", edits.replaced),
            ("APPEND_IF_EXISTS_OR_ADD", edits.added),
        )
        for key, value in pairs
    ]
    fields: _Json = {}
    if added:
        fields[f"{side}_headers_to_add"] = added
    if edits.removed:
        fields[f"{side}_headers_to_remove"] = list(edits.removed)
    return fields
