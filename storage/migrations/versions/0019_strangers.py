"""strangers: what those who are nobody to us may cause to be written, and no more.

`probe`: where it is tried whether anything can be stored. `usedstate`: states of installations that were used. States
that were only issued are signed from here on; Bolt's table of them, which anybody could fill, goes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("filler", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "usedstate",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_index("ix_usedstate_expires_at", "usedstate", ["expires_at"])
    op.drop_table("slack_oauth_states", if_exists=True)


def downgrade() -> None:
    op.drop_table("usedstate")  # an earlier release makes Bolt's table itself
    op.drop_table("probe")
