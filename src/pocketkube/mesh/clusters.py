"""Envoy's clusters and their endpoints as JSON values."""

from collections.abc import Sequence
from typing import Any

from pocketkube.mesh.plans import ClusterPlan, Endpoint

_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_GOOD_STATUSES = {"start": 200, "end": 400}  # What Kubernetes takes for success; the end is not in it.
_Json = dict[str, Any]


def cluster(plan: ClusterPlan, endpoints_path: str) -> _Json:
    """One EDS cluster. Its endpoints are only used after they answered a health check, each of them alone.

    Rules 2 to 6 and 8 of the ingress design: no merge window, no panic, a Host that servers accept, endpoints by EDS.
    """
    return {
        "@type": _CLUSTER,
        "name": plan.key.name,
        "alt_stat_name": _stat_name(plan),
        "type": "EDS",
        # Who is not there refuses at once; a small server whose queue is full is asked again by the kernel after 1 s.
        "connect_timeout": "5s",
        "ignore_health_on_host_removal": True,
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
        "eds_cluster_config": {
            "eds_config": {"path_config_source": {"path": endpoints_path}, "resource_api_version": "V3"}
        },
        "health_checks": [_health_check(plan)],
        "typed_extension_protocol_options": {_HTTP_OPTIONS: _protocol(plan)},
    }


def endpoints(name: str, members: Sequence[Endpoint]) -> _Json:
    """The endpoints of one cluster; DRAINING ones finish what they have."""
    group = [{"lb_endpoints": [_endpoint(member) for member in members]}] if members else []
    return {"@type": _ENDPOINTS, "cluster_name": name, "endpoints": group}


def endpoints_in(resource: _Json) -> list[Endpoint]:
    """The reverse of `endpoints`."""
    return [
        Endpoint(
            entry["endpoint"]["address"]["socket_address"]["address"],
            entry["endpoint"]["address"]["socket_address"]["port_value"],
            entry["endpoint"]["health_check_config"]["port_value"],
            entry.get("health_status") == "DRAINING",
        )
        for group in resource["endpoints"]
        for entry in group["lb_endpoints"]
    ]


def _endpoint(member: Endpoint) -> _Json:
    entry: _Json = {
        "endpoint": {
            "address": {"socket_address": {"address": member.address, "port_value": member.port}},
            "health_check_config": {"port_value": member.check_port},
        }
    }
    if member.is_draining:
        entry["health_status"] = "DRAINING"
    return entry


def _stat_name(plan: ClusterPlan) -> str:
    """namespace|service|subset, without dots; a second port of a Service adds itself, or the counts would mix."""
    parts = [plan.key.service.namespace, plan.key.service.name, plan.key.subset or "all"]
    return "|".join(parts if plan.is_first_port else [*parts, str(plan.key.port)])


def _health_check(plan: ClusterPlan) -> _Json:
    # A busy service may answer late and is not dead; one that died is known from its process before this tells.
    check: _Json = {
        "timeout": "2s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        "unhealthy_interval": "0.25s",
        "unhealthy_threshold": 3,
        "healthy_threshold": 1,
        "initial_jitter": "0.001s",
    }
    if plan.check_path is None:
        return {**check, "tcp_health_check": {}}
    # Without a host Envoy sends the cluster's name, which some servers answer with 400.
    asked = {"path": plan.check_path, "host": plan.key.service.name, "expected_statuses": [_GOOD_STATUSES]}
    return {**check, "http_health_check": asked}


def _protocol(plan: ClusterPlan) -> _Json:
    """Idle connections are closed before the usual servers close them (after 5 s), or a request might meet the end."""
    protocol = "http2_protocol_options" if plan.is_http2 else "http_protocol_options"
    return {
        "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
        "common_http_protocol_options": {"idle_timeout": "3s"},
        "explicit_http_config": {protocol: {}},
    }
