"""Gateway objects: which hosts they let in, and whether it is ours to serve them."""

from dataclasses import dataclass

from pocketkube.mesh.manifest import Node, RefusedError
from pocketkube.objects.kinds import KubeObject

SELECTOR = ("istio", "ingressgateway")
PORT = 80


@dataclass(frozen=True, slots=True)
class MeshGateway:
    """A Gateway of the one ingress; each host is (namespace or "*", host pattern)."""

    key: str
    namespace: str
    hosts: tuple[tuple[str, str], ...]

    def lets_in(self, host: str, namespace: str) -> bool:
        """Whether a VirtualService of that namespace may receive requests for that host here."""
        return any(where in ("*", namespace) and _covers(pattern, host) for where, pattern in self.hosts)


def parse_gateway(obj: KubeObject) -> MeshGateway:
    """RefusedError names what cannot be served; the only server is HTTP on port 80."""
    metadata = obj["metadata"]
    namespace: str = metadata["namespace"]
    spec = Node("spec", obj.get("spec") or {})
    spec.only("selector", "servers")
    selector = dict(spec.pairs("selector"))
    if selector != dict([SELECTOR]):
        raise RefusedError(f"spec.selector is {selector}; the one gateway here is {': '.join(SELECTOR)}", "NoGateway")
    hosts: list[tuple[str, str]] = []
    for server in spec.children("servers"):
        server.only("port", "hosts", "name")
        port = server.child("port") or Node(server.at("port"), {})
        port.only("number", "name", "protocol", "targetPort")
        if port.whole("number") != PORT or (port.text("protocol") or "").upper() != "HTTP":
            raise RefusedError(
                f"{port.path} is {port.text('protocol')} {port.whole('number')}; pocketkube serves HTTP on port {PORT}"
            )
        hosts += [_host(text, namespace) for text in server.texts("hosts")]
    return MeshGateway(f"{namespace}/{metadata['name']}", namespace, tuple(hosts))


def _host(text: str, namespace: str) -> tuple[str, str]:
    where, slash, host = text.lower().rpartition("/")
    if not slash:
        where = "*"
    return (namespace if where == "." else where), host


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host == pattern
