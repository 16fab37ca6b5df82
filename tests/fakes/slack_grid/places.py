"""Where an app can be installed: a team, or an organization with all its teams."""

from __future__ import annotations

from collections.abc import Mapping

from local.slack.server import Server
from local.slack.wire.wire import SlackError


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
        teams = [server.installation.team for server in self._teams.values()]
        whole = {
            team.enterprise_id: f"{team.enterprise_name}, the whole organization"
            for team in teams
            if team.enterprise_id
        }
        return {team.id: team.name for team in teams} | whole

    def install(self, place: str, scopes: frozenset[str]) -> None:
        """Install the app in a team or an organization, with these scopes."""
        for server in self.servers(place):
            for_organization = place != server.installation.team.id
            if server.installation.exists and server.installation.for_organization and not for_organization:
                raise SlackError("cannot_install_an_org_installed_app")
            server.installation.grant(scopes)
            server.workspace.install_bot(for_organization=for_organization)


def _ids(server: Server) -> tuple[str | None, ...]:
    team = server.installation.team
    return team.id, team.enterprise_id
