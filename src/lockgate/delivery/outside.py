"""The outside world as the story sees it: the ports, and how patient it is with them."""

from dataclasses import dataclass, field

from lockgate.kit.clock import Clock
from lockgate.ports.chart import Charts
from lockgate.ports.cluster import Cluster
from lockgate.ports.config_repo import ConfigRepo
from lockgate.ports.deliveries import Deliveries
from lockgate.ports.evaluations import Evaluations
from lockgate.ports.event_log import EventLog
from lockgate.ports.lanes import Lanes
from lockgate.ports.metric_source import MetricSources
from lockgate.ports.tester import Tester
from lockgate.workflow.protocol import Retry


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, unless it says otherwise. *fixed_service* counts from the turn of a fixed service, which may take
    *fixed_turn* to come. *quiet* is how long a deployment may be waited for before users are told why. *settle* lets
    the last samples of a window be scraped before the gate asks; *sources* is how long a metric source may be away
    then; *indicator* how long one answer of it may take, *gate* all of a gate together; *at_once* is how many
    questions one source is asked at a time (no seconds). *test_slack* is more than a tester takes to end a check by
    itself, so that none runs on when its turn is over."""

    rollout: float = 120
    routes: float = 30
    fallback: float = 15
    fixed_service: float = 180
    fixed_turn: float = 1800
    quiet: float = 3
    test_slack: float = 120
    settle: float = 2
    indicator: float = 10
    gate: float = 60
    at_once: int = 200
    sources: float = 30
    poll: float = 0.15
    retry: Retry = field(default_factory=Retry)
    rollback_retry: Retry = field(default_factory=lambda: Retry(attempts=60, first=0.5, longest=15))


@dataclass(frozen=True, slots=True)
class Outside:
    clock: Clock
    repo: ConfigRepo
    charts: Charts
    cluster: Cluster
    tester: Tester
    sources: MetricSources
    lanes: Lanes
    deliveries: Deliveries
    events: EventLog
    evaluations: Evaluations
    ingress: str = "127.0.0.1"
    patience: Patience = field(default_factory=Patience)
