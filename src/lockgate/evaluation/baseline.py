"""What earlier evaluations measured, series by series, as the one number that relative limits are reckoned from."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from statistics import fmean

from lockgate.domain.evaluation import Evaluation, Sample
from lockgate.domain.gate import Aggregate, Comparison, Gate

PASSING_LABELS = frozenset(
    {"release", "pod", "instance", "deployment", "colour", "color", "version", "pod_template_hash", "__name__"}
)
"""Labels that name one release or one process: they are others in each run, so two runs are matched without them."""

Identity = frozenset[tuple[str, str]]


class Baseline:
    """One indicator's earlier values. Each run counts once: several of its series that differ in passing labels only
    (pods) are averaged first, then *aggregate* is taken over the runs."""

    def __init__(self, runs: Sequence[Sequence[Sample]] = (), aggregate: Aggregate = Aggregate.AVERAGE) -> None:
        """*runs*: the series that each run judged."""
        finite = [[sample for sample in run if math.isfinite(sample.value)] for run in runs]
        self._runs = [run for run in finite if run]
        self._by_identity = [_means(run) for run in self._runs]
        self._aggregate = aggregate

    @property
    def is_empty(self) -> bool:
        return not self._runs

    def of(self, sample: Sample, *, alone: bool) -> float | None:
        """*alone*: it is the only series of its indicator; then the only series of a run is its match, whatever the
        labels say. None: no run has it."""
        wanted = identity(sample)
        found = [
            run[0].value if alone and len(run) == 1 else means.get(wanted)
            for run, means in zip(self._runs, self._by_identity, strict=True)
        ]
        values = [value for value in found if value is not None]
        return aggregated(values, self._aggregate) if values else None


def baseline_of(indicator: str, earlier: Sequence[Evaluation], comparison: Comparison) -> Baseline:
    """*indicator*: its id, by which it is found in each of *earlier*."""
    runs = [_judged(indicator, one) for one in runs_of(indicator, earlier, comparison.results)]
    return Baseline(runs, comparison.aggregate)


def runs_of(indicator: str, earlier: Sequence[Evaluation], results: int) -> tuple[Evaluation, ...]:
    """The first *results* of *earlier* that have a number of it: a run that lacks it stands in no other's way."""
    having = (one for one in earlier if any(math.isfinite(sample.value) for sample in _judged(indicator, one)))
    return tuple(islice(having, results))


def compared(gate: Gate, earlier: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Those of *earlier* that make the baseline of an indicator of *gate*."""
    relative = [each.id for each in gate.indicators if each.is_relative]
    used = {one.id for id_ in relative for one in runs_of(id_, earlier, gate.comparison.results)}
    return tuple(one for one in earlier if one.id in used)


def _judged(indicator: str, one: Evaluation) -> tuple[Sample, ...]:
    return next((result.judged for result in one.indicators if result.id == indicator), ())


def identity(sample: Sample) -> Identity:
    """What a series is in every run. To Prometheus an empty label is no label."""
    return frozenset((name, text) for name, text in sample.labels.items() if text and name not in PASSING_LABELS)


def aggregated(values: Sequence[float], aggregate: Aggregate) -> float:
    """Of at least one value. Percentiles lie at p (n + 1) of the ordered values, between two of them in proportion, as
    Keptn's lighthouse service reckoned them."""
    if aggregate is Aggregate.AVERAGE:
        return _mean(values)
    ordered = sorted(values)
    place = int(aggregate.value[1:]) * (len(ordered) + 1) / 100
    if place >= len(ordered):
        return ordered[-1]
    below, above = ordered[int(place) - 1], ordered[int(place)]
    return below + (place - int(place)) * (above - below)


def _means(run: Sequence[Sample]) -> Mapping[Identity, float]:
    together: dict[Identity, list[float]] = {}
    for sample in run:
        together.setdefault(identity(sample), []).append(sample.value)
    return {series: _mean(values) for series, values in together.items()}


def _mean(values: Sequence[float]) -> float:
    try:
        return fmean(values)
    except OverflowError:  # the sum is beyond all floats, the mean is not
        return sum(value / len(values) for value in values)
