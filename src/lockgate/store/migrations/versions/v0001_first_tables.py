"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _log()
    _deliveries()
    _stage_runs()
    _evaluations()
    op.create_table(
        "settings",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32)),
    )


def _log() -> None:
    position = op.create_table(
        "log_position",
        sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(position, [{"only": 1, "cursor": 0}])
    op.create_table(
        "events",
        sa.Column("cursor", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(1024), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("context", sa.String(255), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "id", name="events_identity"),
    )
    op.create_index("events_by_context", "events", ["context", "cursor"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(255), nullable=False, unique=True),
        sa.Column("project", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("accepted_at", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("finished_at", sa.String(32)),
    )
    op.create_index("deliveries_by_service", "deliveries", ["project", "service", "number"])
    op.create_table(
        "lanes",
        sa.Column("project", sa.String(63), primary_key=True),
        sa.Column("stage", sa.String(63), primary_key=True),
        sa.Column("service", sa.String(63), primary_key=True),
        sa.Column("token", sa.BigInteger, nullable=False),
    )


def _stage_runs() -> None:
    op.create_table(
        "stage_runs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(512), nullable=False, unique=True),
        sa.Column(
            "delivery", sa.String(255), sa.ForeignKey("deliveries.id", name="stage_runs_delivery"), nullable=False
        ),
        sa.Column("project", sa.String(63), nullable=False),
        sa.Column("stage", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("fixed", sa.Boolean, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("queued_at", sa.String(32)),
        sa.Column("started_at", sa.String(32)),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("outcome", sa.String(32)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("evaluation", sa.String(255), nullable=False),
    )
    op.create_index("stage_runs_by_delivery", "stage_runs", ["delivery", "number"])
    op.create_index("stage_runs_by_state", "stage_runs", ["state", "number"])
    op.create_index("stage_runs_by_place", "stage_runs", ["project", "stage", "service", "outcome"])
    running = sa.text("state = 'running'")
    op.create_index(
        "one_turn_in_a_lane",
        "stage_runs",
        ["project", "stage", "service"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )


def _evaluations() -> None:
    op.create_table(
        "evaluations",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(255), nullable=False, unique=True),
        sa.Column("project", sa.String(63), nullable=False),
        sa.Column("stage", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("delivery", sa.String(255), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("window_end", sa.String(32), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("evaluations_by_place", "evaluations", ["project", "stage", "service", "number"])
    op.create_index("evaluations_by_delivery", "evaluations", ["delivery"])
