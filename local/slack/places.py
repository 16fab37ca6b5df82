"""Where an app can be installed: a team, or an organization with all its teams."""

from __future__ import annotations

from collections.abc import Mapping

from local.slack.server import Server
from local.slack.wire import SlackError


class Places:
    """Places by id, in the order in which the teams were named."""

    def __init__(self, teams: Mapping[str, Server]) -> None:
        self._teams = teams

    def servers(self, place: str) -> list[Server]:
        """The team of this id, or the teams of the organization of this id."""
        found = [each for each in self._teams.values() if place in _ids(each)]
        if not found:
            raise SlackError("team_not_found")
        return found

    def named(self) -> dict[str, str]:
        """What people choose from when they install: names by id."""
        return {team_id: server.installation.team.name for team_id, server in self._teams.items()}

    def install(self, place: str) -> None:
        """The bot comes into a place."""
        for server in self.servers(place):
            server.workspace.install_bot(for_organization=place != server.installation.team.id)


def _ids(server: Server) -> tuple[str | None, ...]:
    team = server.installation.team
    return team.id, team.enterprise_id
