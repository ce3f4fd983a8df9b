"""From a page's context to HTML."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from lockgate.console.assets import Assets
from lockgate.console.context import DeliveryPage


class Rendering:
    """Everything is escaped unless a template says otherwise, and none does; an unknown name is an error."""

    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=PackageLoader("lockgate.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = assets.url

    def delivery(self, page: DeliveryPage) -> str:
        return self._render("delivery.html", page=page)

    def sections(self, page: DeliveryPage) -> Mapping[str, str]:
        """The parts of the page that may change, by the name under which the stream sends them."""
        parts = {"summary": self._render("parts/summary.html", page=page)}
        for stage in page.stages:
            parts[f"stage-{stage.name}"] = self._render("parts/stage.html", stage=stage)
        for stage in page.stages:
            gates = [gate for gate in page.gates if gate.stage == stage.name]
            parts[f"gate-{stage.name}"] = self._render("parts/gate.html", gates=gates)
        parts["events"] = self._render("parts/events.html", page=page)
        return parts

    def refusal(self, reason: str) -> str:
        """Stands alone: who may not see a page may not load its style either."""
        return self._render("refusal.html", reason=reason)

    def _render(self, name: str, **context: Any) -> str:
        return self._templates.get_template(name).render(context)
