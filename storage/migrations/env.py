"""How Alembic reaches the database: over the connection that storage.database.migrate hands it."""

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401  (fills SQLModel.metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
