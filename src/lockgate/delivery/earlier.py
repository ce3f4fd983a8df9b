"""The earlier runs that a relative gate is compared with."""

from dataclasses import replace

from lockgate.delivery.gate import comparable_part
from lockgate.delivery.outside import Outside
from lockgate.domain.evaluation import Evaluation, Window
from lockgate.domain.gate import Gate
from lockgate.domain.project import Place
from lockgate.evaluation.baseline import compared, runs_of

LOOKED_AT = 50
"""Runs; further back an indicator that went missing is not looked for."""


async def earlier_runs(outside: Outside, place: Place, gate: Gate, window: Window) -> tuple[Evaluation, ...]:
    """Newest first: what the gate's comparison picks for each relative indicator, without the parts that another query
    measured. Where the newest run lacks an indicator, the next that has it counts."""
    if not gate.is_relative:
        return ()
    few = await _newest(outside, place, gate, window, gate.comparison.results)
    lacking = any(each.is_relative and len(runs_of(each.id, few, len(few))) < len(few) for each in gate.indicators)
    if not lacking:
        return few
    return compared(gate, await _newest(outside, place, gate, window, max(LOOKED_AT, gate.comparison.results)))


async def _newest(outside: Outside, place: Place, gate: Gate, window: Window, results: int) -> tuple[Evaluation, ...]:
    wanted = replace(gate.comparison, results=results)
    found = await outside.evaluations.comparable(place, wanted, window.end)
    return tuple(comparable_part(gate, one) for one in found)
