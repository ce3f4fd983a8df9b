"""The names under which a service answers, outside through the gateway and inside the cluster."""

from lockgate.domain.project import Place


def hosts_of(place: Place, ingress: str = "127.0.0.1") -> tuple[str, ...]:
    """*ingress* is the gateway's address, which wildcard DNS (nip.io, xip.io) reads out of the name. The first host
    is the one to print: it needs no DNS. `<service>.<stage>` is the short form of Keptn 0.2.1, kept since documents
    use it; two projects with equal stages share it, and the older route wins."""
    stems = (f"{place.service}.{place.namespace}", f"{place.service}.{place.stage}")
    zones = ("localhost", f"{ingress}.nip.io", f"{ingress}.xip.io")
    return tuple(f"{stem}.{zone}" for stem in stems for zone in zones)


def cluster_host(place: Place) -> str:
    return f"{place.service}.{place.namespace}.svc.cluster.local"
