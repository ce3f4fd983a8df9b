"""How many replicas each generation of a deployment gets next. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pods there may be above `wanted`, and how many of `wanted` may be missing, during a rollout."""

    wanted: int
    surge: int
    unavailable: int

    @classmethod
    def of(cls, wanted: int, strategy: Mapping[str, Any]) -> "Limits":
        """From a Deployment's strategy; without numbers one above and none missing. A share of surge is rounded up,
        of unavailable down; both zero would never move, so one may be missing then. ValueError.
        """
        if strategy.get("type") == "Recreate":
            return cls(wanted, 0, 0)
        numbers = strategy.get("rollingUpdate") or {}
        surge = _absolute(numbers.get("maxSurge", 1), wanted, up=True)
        unavailable = _absolute(numbers.get("maxUnavailable", 0), wanted, up=False)
        return cls(wanted, surge, unavailable if surge or unavailable else 1)


@dataclass(frozen=True, slots=True)
class Generation:
    """One ReplicaSet: how many pods it is to have now, and how many of its pods are available."""

    name: str
    replicas: int
    available: int


def next_sizes(limits: Limits, new: Generation, old: Sequence[Generation]) -> dict[str, int]:
    """The next size of every generation, oldest of `old` first to shrink. Repeated, it ends with only the new one.

    At no time may fewer than wanted - unavailable pods be available because of us, nor more than wanted + surge exist.
    """
    total = new.replicas + sum(each.replicas for each in old)
    room = max(0, limits.wanted + limits.surge - total)
    grown = min(limits.wanted, new.replicas + room)
    total += grown - new.replicas
    least = limits.wanted - limits.unavailable
    spare = max(0, total - least - (grown - min(new.available, grown)))
    sizes = {new.name: grown}
    # What is not available is missed by nobody, so it goes first.
    for each in old:
        useless = min(each.replicas - min(each.available, each.replicas), spare)
        sizes[each.name] = each.replicas - useless
        spare -= useless
    available = min(new.available, grown) + sum(min(each.available, each.replicas) for each in old)
    surplus = min(max(0, available - least), spare)
    for each in old:
        fewer = min(sizes[each.name], surplus)
        sizes[each.name] -= fewer
        surplus -= fewer
    return sizes


def recreate_sizes(wanted: int, new: Generation | None, old: Sequence[Generation], *, old_pods: int) -> dict[str, int]:
    """Recreate: the new generation starts when no pod of an old one is left, not even one that is ending."""
    sizes = {each.name: 0 for each in old}
    if new is not None:
        sizes[new.name] = new.replicas if old_pods else wanted
    return sizes


def _absolute(number: int | str, wanted: int, *, up: bool) -> int:
    if isinstance(number, int):
        return number
    share = number.removesuffix("%")
    if share == number or not share.isdigit():
        raise ValueError(f"{number!r} is neither a number nor a percentage such as 25%")
    exact = int(share) * wanted / 100
    return math.ceil(exact) if up else math.floor(exact)
