"""Whom to believe in a team, as its running bot has it: for commands at the terminal, which need no token."""

from __future__ import annotations

from bot.context.settings import Settings
from bot.installation.installations import installed_by
from bot.permissions.team_settings import applied
from learning.data.trust import Belief
from local.slack.setup.seed import PEOPLE
from storage.database.engine import Database
from storage.workspaces import team_settings


def belief(database: Database, settings: Settings, team_id: str) -> Belief:
    """Return whom to believe from the start: operators, those who installed the app, everybody in the local Slack."""
    with database.reading() as session:
        chosen = applied(settings, team_settings.of_team(session, team_id))
    if settings.is_local:
        return chosen.belief(settings.operators or tuple(PEOPLE.values()))
    return chosen.belief((*settings.operators, *installed_by(database, settings.slack_client_id, team_id)))
