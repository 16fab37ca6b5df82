"""Tables of workspaces: what operators chose, accepted and were told."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import new_id


class ScopeNote(SQLModel, table=True):
    """Of which scopes that the installation lacks operators were told; with commas between them."""

    team_id: str = Field(primary_key=True)
    lacking: str
    told_at: float = Field(default_factory=time.time)


class Choice(SQLModel, table=True):
    """What an operator chose for their team over what the settings of the process say."""

    team_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: Any = Field(sa_column=Column(JSON, nullable=False))
    set_by: str
    set_at: float = Field(default_factory=time.time)


class Pseudonym(SQLModel, table=True):
    """A person's number in a team, by which Argilla's reviewers tell people apart without knowing them."""

    team_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    number: int

    __table_args__ = (UniqueConstraint("team_id", "number"),)


class UsedState(SQLModel, table=True):
    """A state of an installation that was used, until it expires."""

    nonce: str = Field(primary_key=True)
    expires_at: float = Field(index=True)


class Acceptance(SQLModel, table=True):
    """An operator took it upon the team that a model that writes is trained on what people wrote in Slack.

    `policy` is what was quoted to whoever accepted it. It holds until it is withdrawn.
    """

    __table_args__ = (Index("ix_acceptance_team", "team_id", "accepted_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    policy: str
    accepted_by: str
    accepted_at: float = Field(default_factory=time.time)
    withdrawn_by: str = ""
    withdrawn_at: float | None = None


class OrganizationTeam(SQLModel, table=True):
    """A workspace of an organization that installed the app as a whole."""

    team_id: str = Field(primary_key=True)
    enterprise_id: str = Field(index=True)
