"""What a sender says of its artifact."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("labels", sa.Text, nullable=False, server_default="{}"))
