"""Evaluations that must not be compared with any more."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("invalidated", sa.Text))
    op.add_column("evaluations", sa.Column("invalidated_at", sa.String(32)))
