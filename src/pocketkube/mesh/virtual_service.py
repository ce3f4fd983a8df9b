"""VirtualService → Routing, strictly: what is not implemented is refused by name."""

import re

from pocketkube.mesh.manifest import Node, RefusedError
from pocketkube.mesh.names import ServiceRef, is_label
from pocketkube.mesh.routing import (
    Comparison,
    Destination,
    HeaderEdits,
    HttpRoute,
    Mirror,
    RequestMatch,
    Routing,
    TextMatch,
)
from pocketkube.objects.kinds import KubeObject

MESH = "mesh"
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# Envoy's expressions are RE2: no looking around, no back references, no atomic groups.
_BEYOND_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!]|P=|\()|(?<!\\)(?:\\\\)*\\[1-9]")
_MILLION = 1_000_000


def parse_virtual_service(obj: KubeObject) -> Routing:
    """RefusedError names the field that cannot be served, and why."""
    namespace: str = obj["metadata"]["namespace"]
    spec = Node("spec", obj.get("spec") or {})
    spec.only("hosts", "gateways", "http", "tcp", "exportTo")
    if spec.texts("exportTo") not in ((), ("*",)):
        raise RefusedError('spec.exportTo is not implemented by pocketkube, but for ["*"]')
    routing = Routing(
        namespace=namespace,
        hosts=_hosts(spec),
        gateways=tuple(_gateway(name, namespace) for name in spec.texts("gateways")) or (MESH,),
        http=tuple(_http_route(node, namespace) for node in spec.children("http")),
        tcp=_tcp_route(spec, namespace),
    )
    if not routing.http and not routing.tcp:
        raise RefusedError("spec.http and spec.tcp are empty: there is no route", "Invalid")
    return routing


def _hosts(spec: Node) -> tuple[str, ...]:
    hosts = tuple(dict.fromkeys(host.lower() for host in spec.texts("hosts")))
    for host in hosts:
        if _HOST.fullmatch(host) is None:
            raise RefusedError(f"spec.hosts: {host!r} is no host name, *.domain or *", "Invalid")
    if not hosts:
        raise RefusedError("spec.hosts is empty", "Invalid")
    return hosts


def _gateway(name: str, namespace: str) -> str:
    return name if name == MESH or "/" in name else f"{namespace}/{name}"


def _http_route(node: Node, namespace: str) -> HttpRoute:
    node.only("name", "match", "route", "timeout", "rewrite", "headers", "mirror", "mirrorPercentage", "retries")
    retries = node.child("retries")
    if retries is not None and (retries.fields.get("attempts") != 0 or len(retries.fields) > 1):
        raise RefusedError(f"{retries.path} is not implemented by pocketkube, but for attempts: 0; nothing is retried")
    matches = tuple(_match(match) for match in node.children("match"))
    rewrite = node.child("rewrite") or Node(node.at("rewrite"), {})
    rewrite.only("uri", "authority")
    headers = node.child("headers") or Node(node.at("headers"), {})
    headers.only("request", "response")
    return HttpRoute(
        matches=matches,
        destinations=_weighted(node, namespace, known=("destination", "weight")),
        timeout=node.seconds("timeout") or 0.0,
        rewritten_uri=_rewritten_uri(rewrite, matches),
        rewritten_authority=rewrite.text("authority"),
        request=_edits(headers.child("request")),
        response=_edits(headers.child("response")),
        mirror=_mirror(node, namespace),
    )


def _tcp_route(spec: Node, namespace: str) -> tuple[Destination, ...]:
    routes = spec.children("tcp")
    if len(routes) > 1:
        raise RefusedError("spec.tcp[1] is not implemented by pocketkube: a TCP port has one route")
    for route in routes:
        route.only("route")
        return _weighted(route, namespace, known=("destination", "weight"))
    return ()


def _weighted(node: Node, namespace: str, known: tuple[str, ...]) -> tuple[Destination, ...]:
    shares = node.children("route")
    if not shares:
        raise RefusedError(f"{node.at('route')} is empty: there is no destination", "Invalid")
    found = []
    for share in shares:
        share.only(*known)
        weight = share.whole("weight")
        # Istio's rule: a lone destination takes all; beside others an absent weight is 0, as protobuf has it.
        weight = (100 if len(shares) == 1 else 0) if weight is None else weight
        if weight < 0:
            raise RefusedError(f"{share.at('weight')} is {weight}, below 0", "Invalid")
        found.append(_destination(share.child("destination"), share.at("destination"), namespace, weight))
    if (total := sum(destination.weight for destination in found)) != 100:
        raise RefusedError(f"{node.at('route')}: the weights add up to {total}, not 100", "Invalid")
    return tuple(found)


def _destination(node: Node | None, path: str, namespace: str, weight: int) -> Destination:
    if node is None:
        raise RefusedError(f"{path} is missing", "Invalid")
    node.only("host", "subset", "port")
    host, subset = node.text("host") or "", node.text("subset") or ""
    service = ServiceRef.of_host(host, namespace)
    if service is None:
        raise RefusedError(
            f"{node.at('host')} is {host!r}, not a Service's name such as carts or carts.shop", "Invalid"
        )
    if subset and not is_label(subset):
        raise RefusedError(f"{node.at('subset')} is {subset!r}: letters, digits and - only", "Invalid")
    port = node.child("port") or Node(node.at("port"), {})
    port.only("number")
    return Destination(service, subset, port.whole("number"), weight, path)


def _match(node: Node) -> RequestMatch:
    node.only("name", "uri", "headers", "method", "ignoreUriCase")
    uri, method = node.child("uri"), node.child("method")
    names = node.child("headers") or Node(node.at("headers"), {})
    headers = [(_header_name(name, names.path), _header_match(names, name)) for name in sorted(names.fields)]
    if method is not None:
        headers.append((":method", _text_match(method)))
    return RequestMatch(None if uri is None else _text_match(uri), node.flag("ignoreUriCase"), tuple(headers))


def _header_match(names: Node, name: str) -> TextMatch:
    wanted = names.child(name)
    if wanted is None or not wanted.fields:
        return TextMatch(Comparison.PRESENT, "")
    return _text_match(wanted)


def _text_match(node: Node) -> TextMatch:
    node.only("exact", "prefix", "regex")
    given = [(how, text) for how in ("exact", "prefix", "regex") if (text := node.text(how)) is not None]
    if len(given) != 1 or (given[0][0] == "prefix" and not given[0][1]):
        raise RefusedError(f"{node.path} needs one of exact, prefix, regex", "Invalid")
    how, text = given[0]
    if how == "regex":
        _refuse_unknown_expression(text, node.at("regex"))
    return TextMatch(Comparison(how), text)


def _refuse_unknown_expression(text: str, path: str) -> None:
    if _BEYOND_RE2.search(text) is not None:
        raise RefusedError(f"{path}: {text!r} is no RE2 expression: no look-around, no back references", "Invalid")
    try:
        re.compile(text)
    except re.error as error:
        raise RefusedError(f"{path}: {text!r} is no regular expression: {error}", "Invalid") from error


def _rewritten_uri(rewrite: Node, matches: tuple[RequestMatch, ...]) -> str | None:
    uri = rewrite.text("uri")
    if uri is not None and any(match.uri and match.uri.comparison is Comparison.REGEX for match in matches):
        raise RefusedError(f"{rewrite.at('uri')} is not implemented by pocketkube beside a match by regex")
    return uri


def _edits(node: Node | None) -> HeaderEdits:
    if node is None:
        return HeaderEdits()
    node.only("set", "add", "remove")
    edits = HeaderEdits(node.pairs("set"), node.pairs("add"), node.texts("remove"))
    for name in (*dict(edits.replaced), *dict(edits.added), *edits.removed):
        if _header_name(name, node.path) == "host":
            raise RefusedError(f"{node.path}: host is set by rewrite.authority only")
    return edits


def _header_name(name: str, path: str) -> str:
    if _HEADER.fullmatch(name) is None:
        raise RefusedError(f"{path}: {name!r} is no header name", "Invalid")
    return name.lower()


def _mirror(node: Node, namespace: str) -> Mirror | None:
    target = node.child("mirror")
    share = node.child("mirrorPercentage")
    if target is None:
        return None
    percent = 100.0
    if share is not None:
        share.only("value")
        value = share.fields.get("value", 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            raise RefusedError(f"{share.at('value')} is {value!r}, not a number from 0 to 100", "Invalid")
        percent = float(value)
    return Mirror(_destination(target, target.path, namespace, 0), round(percent * _MILLION / 100))
