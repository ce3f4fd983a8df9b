"""What gates measured, as a Prometheus reads it from Lockgate."""

import json
import math
from dataclasses import replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from lockgate.domain.evaluation import Sample, SetAside
from lockgate.kit.clock import parse_rfc3339


async def scraped(api: Any) -> dict[str, list[tuple[dict[str, str], float]]]:
    answer = await api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


async def test_the_value_that_a_gate_judged_last_is_told_with_its_place_and_indicator(seeded: Any) -> None:
    await seeded.deliver("0.6.1")
    found = await scraped(seeded)
    [(labels, value)] = found["lockgate_indicator_value"]
    series = json.loads(labels.pop("series"))
    assert labels == {"project": "sockshop", "stage": "staging", "service": "carts", "indicator": "response_time"}
    assert value == 1.2
    assert series["deployment"] == "any"
    [(place, end)] = found["lockgate_evaluation_window_end_seconds"]
    assert place == {"project": "sockshop", "stage": "staging", "service": "carts"}
    told = (await seeded.get("/v1/evaluations", project="sockshop", stage="staging", service="carts")).json()
    assert end == parse_rfc3339(told["evaluations"][0]["window"]["end"]).timestamp()
    await seeded.deliver("0.6.2")
    [(_, newer)] = (await scraped(seeded))["lockgate_indicator_value"]
    assert newer == 0.05


async def test_what_could_not_be_measured_is_not_told_as_a_value(seeded: Any) -> None:
    seeded.world.monitoring.seconds = {}
    await seeded.deliver("0.6.1")
    found = await scraped(seeded)
    assert found["lockgate_indicator_value"] == []
    assert len(found["lockgate_evaluation_window_end_seconds"]) == 1


async def test_a_series_that_was_set_aside_is_not_told(seeded: Any) -> None:
    await seeded.deliver("0.6.1")
    evaluation = await seeded.world.evaluation("staging")
    (result,) = evaluation.indicators
    other = SetAside(Sample({"release": "another"}, 7.0, 0.0), "of another release")
    changed = replace(evaluation, id="e-later", indicators=(replace(result, set_aside=(other,)),))
    await seeded.world.store.save(changed)
    [(_, value)] = (await scraped(seeded))["lockgate_indicator_value"]
    assert value == 1.2


async def test_what_is_no_number_is_not_exported(seeded: Any) -> None:
    seeded.world.monitoring.seconds["0.6.1"] = math.nan
    await seeded.deliver("0.6.1")
    values = [value for _, value in (await scraped(seeded))["lockgate_indicator_value"]]
    assert values == []


async def test_metrics_are_for_those_with_the_token(seeded: Any) -> None:
    answer = await seeded.client.get("/metrics", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
