"""Whether the bot is installed in a workspace, and how Slack says so in what it sends."""

from __future__ import annotations

from dataclasses import dataclass

from local.slack.setup.seed import BOT_USER_ID
from local.slack.setup.team import Team
from local.slack.wire.scopes import EVERY
from local.slack.wire.wire import Json


@dataclass
class Installation:
    """Of one team; with `for_organization`, by way of its whole organization."""

    team: Team
    exists: bool = True
    for_organization: bool = False
    removable: bool = False  # by people, on the page
    granted: frozenset[str] = EVERY
    lacking: frozenset[str] = frozenset()  # methods and events that need one of these are refused

    @property
    def scopes(self) -> frozenset[str]:
        """What Slack says that the app may do."""
        return self.granted - self.lacking

    def grant(self, scopes: frozenset[str]) -> None:
        """Give scopes to the installation."""
        self.granted, self.lacking = scopes, self.lacking - scopes

    @property
    def place(self) -> str:
        """The id of the team, or of the organization where it is installed in the whole of it."""
        return (self.team.enterprise_id or "") if self.for_organization else self.team.id

    @property
    def place_name(self) -> str:
        """What that place is called."""
        return self.team.enterprise_name if self.for_organization else self.team.name

    def authorization(self) -> Json:
        """By what right the bot is told of an event."""
        # the shape that Bolt's own tests have of an organization's: slackapi/bolt-python, test_events_org_apps.py
        return {
            "enterprise_id": self.team.enterprise_id,
            "team_id": None if self.for_organization else self.team.id,
            "user_id": BOT_USER_ID,
            "is_bot": True,
            "is_enterprise_install": self.for_organization,
        }

    def in_interaction(self) -> Json:
        """Where somebody clicked."""
        return {
            "team": None if self.for_organization else self._team(),
            "enterprise": self.enterprise(),
            "is_enterprise_install": self.for_organization,
        }

    def in_command(self) -> Json:
        """Where somebody typed a command; all of it are fields of a form."""
        team = {"team_id": self.team.id, "team_domain": self.team.domain}
        install = {"is_enterprise_install": str(self.for_organization).lower()}
        if self.team.enterprise_id is None:
            return team | install
        organization = {
            "enterprise_id": self.team.enterprise_id,
            "enterprise_name": self.team.enterprise_name,
        }
        return team | organization | install

    def enterprise(self) -> Json | None:
        """The organization, if there is one."""
        if self.team.enterprise_id is None:
            return None
        return {"id": self.team.enterprise_id, "name": self.team.enterprise_name}

    def _team(self) -> Json:
        team = {"id": self.team.id, "domain": self.team.domain}
        if self.team.enterprise_id is None:
            return team
        return team | {"enterprise_id": self.team.enterprise_id, "enterprise_name": self.team.enterprise_name}
