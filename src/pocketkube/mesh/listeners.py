"""Envoy's listeners as JSON values."""

from collections.abc import Sequence
from typing import Any

from pocketkube.mesh.routes import GATEWAY

_LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
_NETWORK = "type.googleapis.com/envoy.extensions.filters.network"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_Json = dict[str, Any]


def http_listener(name: str, place: tuple[str, int], routes_name: str, routes_path: str) -> _Json:
    """Listens for HTTP at (address, port); its routes come from a file of their own, so that it is never rebuilt."""
    return _listener(
        name,
        place,
        {
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": f"{_NETWORK}.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": GATEWAY if routes_name == GATEWAY else f"service_{routes_name}",
                "codec_type": "AUTO",
                "http_protocol_options": {"accept_http_10": True},
                "use_remote_address": True,
                "normalize_path": True,
                # A slow answer is the service's business: the route's own timeout decides, and no other.
                "stream_idle_timeout": "0s",
                "common_http_protocol_options": {"idle_timeout": "3600s"},
                "upgrade_configs": [{"upgrade_type": "websocket"}],
                "rds": {
                    "route_config_name": routes_name,
                    "config_source": {"path_config_source": {"path": routes_path}, "resource_api_version": "V3"},
                },
                "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
            },
        },
    )


def tcp_listener(name: str, place: tuple[str, int], shares: Sequence[_Json]) -> _Json:
    """Passes connections on by weight; `shares` are {name, weight} with weights above 0."""
    target: _Json = (
        {"cluster": shares[0]["name"]} if len(shares) == 1 else {"weighted_clusters": {"clusters": [*shares]}}
    )
    return _listener(
        name,
        place,
        {
            "name": "envoy.filters.network.tcp_proxy",
            "typed_config": {
                "@type": f"{_NETWORK}.tcp_proxy.v3.TcpProxy",
                "stat_prefix": f"service_{name}",
                **target,
            },
        },
    )


def _listener(name: str, place: tuple[str, int], chain: _Json) -> _Json:
    address, port = place
    return {
        "@type": _LISTENER,
        "name": name,
        # With reuse of ports two Envoys could share one without a word; without it the second is told.
        "enable_reuse_port": False,
        "address": {"socket_address": {"address": address, "port_value": port}},
        "filter_chains": [{"filters": [chain]}],
    }
