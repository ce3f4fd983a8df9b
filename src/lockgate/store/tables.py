"""The tables as they are after the newest migration; migrations/ says how they came to be."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from lockgate.store.schema import Moment, metadata

# One row. Its update is the first statement of every transaction that writes: the row's lock makes them one after
# the other on every database, so cursors grow in the order of the commits and no two insert the same thing.
log_position = Table(
    "log_position",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("cursor", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String(1024), nullable=False),
    Column("id", String(255), nullable=False),
    Column("type", String(255), nullable=False),
    Column("time", Moment, nullable=False),
    Column("context", String(255), nullable=False),
    Column("data", Text, nullable=False),
    UniqueConstraint("source", "id", name="events_identity"),
    Index("events_by_context", "context", "cursor"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(255), nullable=False, unique=True),
    Column("project", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("image", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("outcome", String(32)),
    Column("reason", Text, nullable=False),
    Column("finished_at", Moment),
    Column("labels", Text, nullable=False, server_default="{}"),
    Index("deliveries_by_service", "project", "service", "number"),
)

# Tokens are counted here and not in the runs, so that no removal of old runs can ever give one out twice.
lanes = Table(
    "lanes",
    metadata,
    Column("project", String(63), primary_key=True),
    Column("stage", String(63), primary_key=True),
    Column("service", String(63), primary_key=True),
    Column("token", BigInteger, nullable=False),
)

stage_runs = Table(
    "stage_runs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(512), nullable=False, unique=True),
    Column("delivery", String(255), ForeignKey("deliveries.id", name="stage_runs_delivery"), nullable=False),
    Column("project", String(63), nullable=False),
    Column("stage", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("image", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("fixed", Boolean, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("queued_at", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("outcome", String(32)),
    Column("reason", Text, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("evaluation", String(255), nullable=False),
    Index("stage_runs_by_delivery", "delivery", "number"),
    Index("stage_runs_by_state", "state", "number"),
    Index("stage_runs_by_place", "project", "stage", "service", "outcome"),
)

Index(
    "one_turn_in_a_lane",
    stage_runs.c.project,
    stage_runs.c.stage,
    stage_runs.c.service,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(255), nullable=False, unique=True),
    Column("project", String(63), nullable=False),
    Column("stage", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("delivery", String(255), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("score", Float),
    Column("window_end", Moment, nullable=False),
    Column("document", Text, nullable=False),
    Column("invalidated", Text),
    Column("invalidated_at", Moment),
    Index("evaluations_by_place", "project", "stage", "service", "number"),
    Index("evaluations_by_delivery", "delivery"),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
)
