"""Which series of an answer belong to the artifact under test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.domain.evaluation import RELEASE_LABEL, Sample, SetAside


@dataclass(frozen=True, slots=True)
class Selection:
    """*usable* series have a finite number and are judged; *empty* ones belong to the artifact under test as well
    and have none (NaN, infinite) or an old one; *other* ones name another release."""

    usable: tuple[Sample, ...]
    empty: tuple[SetAside, ...]
    other: tuple[SetAside, ...]


def select(samples: Sequence[Sample], release: str, oldest: float = -math.inf) -> Selection:
    """Series that name another release than *release* are set aside; those that name none belong to whoever runs
    there, so they are kept. To Prometheus an empty label is no label. A sample of before *oldest* (epoch seconds) was
    not measured on the artifact under test; one without a timestamp (0) is taken as it is."""
    usable: list[Sample] = []
    empty: list[SetAside] = []
    other: list[SetAside] = []
    for sample in samples:
        named = sample.labels.get(RELEASE_LABEL)
        if named and named != release:
            other.append(SetAside(sample, f"it names release {named}, and {release or 'none'} is under test"))
        elif not math.isfinite(sample.value):
            empty.append(SetAside(sample, f"{word(sample.value)} is no data"))
        elif sample.timestamp and sample.timestamp < oldest:
            empty.append(SetAside(sample, f"it is stale, of {oldest - sample.timestamp:.0f} s before what may count"))
        else:
            usable.append(sample)
    return Selection(tuple(usable), tuple(empty), tuple(other))


def word(value: float) -> str:
    """A value that is not finite, as Prometheus writes it; one that is was set aside for its age."""
    if math.isfinite(value):
        return "stale"
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"
