"""Service entities: one for each release of a service in an environment, with an id and tags as Dynatrace has them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

_TAG = re.compile(r'tag\(\s*"([^"]*)"\s*\)')
_IDS = re.compile(r'entityId\(\s*("[^"]*"(?:\s*,\s*"[^"]*")*)\s*\)')
_TYPE = re.compile(r'type\(\s*"?([A-Z_]+)"?\s*\)')


class UnsupportedError(ValueError):
    """Dynatrace may know it; its stand-in does not, or neither does."""


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    environment: str
    release: str

    @property
    def id(self) -> str:
        """Stable: the same release has the same id for ever."""
        text = f"{self.name}/{self.environment}/{self.release}"
        return f"SERVICE-{hashlib.sha256(text.encode()).hexdigest()[:16].upper()}"

    @property
    def tags(self) -> Mapping[str, str]:
        return {"service": self.name, "environment": self.environment, "release": self.release}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Entities with one of *ids* (any, if there are none) and all of *tags*, each `key` or `key:value`."""

    ids: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()

    def holds(self, service: Service) -> bool:
        has = {*service.tags, *(f"{key}:{value}" for key, value in service.tags.items())}
        return (not self.ids or service.id in self.ids) and all(tag in has for tag in self.tags)


def service_of(labels: Mapping[str, str]) -> Service | None:
    """From a series of Prometheus; None for one that names no service of an environment."""
    name, job = labels.get("service", ""), labels.get("job", "")
    if not name or not job.startswith(f"{name}-"):
        return None
    return Service(name, job.removeprefix(f"{name}-"), labels.get("release", ""))


def parse_selector(text: str) -> Wanted:
    """An entitySelector of `type(SERVICE)`, `entityId("…")` and `tag("key:value")`, joined by commas. Raises
    UnsupportedError for anything else."""
    ids: set[str] = set()
    for group in _IDS.findall(text):
        ids.update(re.findall(r'"([^"]*)"', group))
    kinds = _TYPE.findall(text)
    if any(kind != "SERVICE" for kind in kinds):
        raise UnsupportedError(f"the stand-in has entities of type SERVICE only, not {', '.join(kinds)}")
    rest = _TAG.sub("", _IDS.sub("", _TYPE.sub("", text)))
    if rest.replace(",", "").strip():
        raise UnsupportedError(f"the stand-in reads type(), entityId() and tag() in an entitySelector, not {text!r}")
    return Wanted(frozenset(ids), tuple(_TAG.findall(text)))
