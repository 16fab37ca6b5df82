"""What the bot was granted when it was installed in a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Grant:
    """We may act in one workspace. `installers`: who put the app there, and operates it; `choices`: what operators
    chose there over settings; `enterprise_id`: the organization that the workspace belongs to, if any.

    Tokens come and go, the grant stays the same.
    """

    team_id: str
    bot_user_id: str
    bot_id: str
    installers: tuple[str, ...]
    token: str = field(repr=False, compare=False)
    choices: Mapping[str, Any] = field(default_factory=dict)
    enterprise_id: str | None = None
