"""Workspaces of organizations that installed the app as a whole: each is known once something came from there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.tables.workspaces import OrganizationTeam


def meet(session: Session, team_id: str, enterprise_id: str) -> None:
    """This workspace belongs to that organization (now)."""
    known = session.get(OrganizationTeam, team_id)
    if known:
        known.enterprise_id = enterprise_id
        return
    insert_if_new(session, OrganizationTeam(team_id=team_id, enterprise_id=enterprise_id))


def leave(session: Session, team_ids: Sequence[str]) -> None:
    """These workspaces are in no organization with the app any more."""
    left = delete(OrganizationTeam).where(col(OrganizationTeam.team_id).in_(team_ids))
    session.connection().execute(left)


def teams(session: Session, enterprise_id: str) -> list[str]:
    """The known workspaces of an organization."""
    chosen = select(OrganizationTeam.team_id).where(OrganizationTeam.enterprise_id == enterprise_id)
    return list(session.exec(chosen.order_by(col(OrganizationTeam.team_id))))


def of(session: Session, team_id: str) -> str | None:
    """The organization that a workspace is known to belong to."""
    known = session.get(OrganizationTeam, team_id)
    return known.enterprise_id if known else None
