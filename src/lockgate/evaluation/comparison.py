"""Which series of an answer belong to the artifact under test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lockgate.domain.evaluation import RELEASE_OF_SERIES, Sample, SetAside


class Moments(NamedTuple):
    """When a sample may have been taken, in epoch seconds; both ends count."""

    first: float = -math.inf
    last: float = math.inf


EVER = Moments()


@dataclass(frozen=True, slots=True)
class Selection:
    """*usable* series have a finite number and are judged; *empty* ones belong to the artifact under test as well
    and have none (NaN, infinite) or one of another time; *lacks* says in a word each what is wrong with them; *other*
    ones name another release."""

    usable: tuple[Sample, ...]
    empty: tuple[SetAside, ...]
    other: tuple[SetAside, ...]
    lacks: tuple[str, ...] = ()


def select(samples: Sequence[Sample], release: str, moments: Moments = EVER) -> Selection:
    """Series that name another release than *release* are set aside; those that name none belong to whoever runs
    there, so they are kept. To Prometheus an empty label is no label. A sample outside of *moments* was not measured
    on the artifact under test; one without a timestamp (0) is taken as it is."""
    usable: list[Sample] = []
    empty: list[SetAside] = []
    other: list[SetAside] = []
    lacks: set[str] = set()
    for sample in samples:
        named = sample.labels.get(RELEASE_OF_SERIES)
        if named and named != release:
            other.append(SetAside(sample, f"it names release {named}, and {release or 'none'} is under test"))
        elif lack := _lack(sample, moments):
            word, reason = lack
            lacks.add(word)
            empty.append(SetAside(sample, reason))
        else:
            usable.append(sample)
    return Selection(tuple(usable), tuple(empty), tuple(other), tuple(sorted(lacks)))


def _lack(sample: Sample, moments: Moments) -> tuple[str, str] | None:
    """In a word, and as a reason."""
    value, at = sample.value, sample.timestamp
    if not math.isfinite(value):
        word = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"  # as Prometheus writes it
        return word, f"{word} is no data"
    if at and at < moments.first:
        return "stale", f"it is stale, of {moments.first - at:.0f} s before what may count"
    if at > moments.last:
        return "of a time to come", f"it is dated {at - moments.last:.0f} s after what may count"
    return None
