"""One workspace among others: what it is called, and the organization that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from local.slack.setup import seed


@dataclass(frozen=True)
class Team:
    """`mark` is put into the ids of its people and channels, which else are the same in every team."""

    id: str = seed.TEAM_ID
    name: str = seed.TEAM_NAME
    domain: str = seed.TEAM_DOMAIN
    enterprise_id: str | None = None
    enterprise_name: str = ""
    mark: str = ""

    def own(self, seeded: str) -> str:
        """The id that a person or channel of the seed has in this team."""
        return seeded[0] + self.mark + seeded[1:]
