"""Label and field selectors, as values."""

import pytest

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.selectors import field_test, label_test, selector_test, selector_text

OBJECT = {"metadata": {"name": "a", "labels": {"app": "carts", "tier": "front"}}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("", True),
        ("app=carts", True),
        ("app==carts,tier=front", True),
        ("app=carts,tier=back", False),
        ("app!=carts", False),
        ("other!=carts", True),
        ("app in (carts, orders)", True),
        ("app notin (carts,orders),tier=front", False),
        ("other notin (x)", True),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("other", False),
    ],
)
def test_labels(selector: str, found: bool) -> None:
    assert label_test(selector)(OBJECT) is found


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("metadata.name=a", True),
        ("metadata.name!=a", False),
        ("status.phase=Running,metadata.name=a", True),
        ("spec.nodeName=", True),
        ("spec.nodeName=x", False),
    ],
)
def test_fields(selector: str, found: bool) -> None:
    assert field_test(selector)(OBJECT) is found


@pytest.mark.parametrize("selector", ["app in carts", "a b", "=x", "app=(x)"])
def test_what_is_no_selector_is_refused_by_its_text(selector: str) -> None:
    with pytest.raises(BadRequestError, match="label selector"):
        label_test(selector)


def test_the_selector_of_a_deployment_with_expressions() -> None:
    selector = {
        "matchLabels": {"app": "carts"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}],
    }

    assert selector_test(selector)(OBJECT)
    assert selector_text(selector) == "app=carts,tier in (front,back)"
