"""`corrigible status`: which reviewers' responses lowered which users' trust."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import httpx
from sqlmodel import Session

from bot.context.settings import Settings
from bot.demo.local_argilla import kept_access
from learning.argilla.connection import Access
from learning.data import trust
from learning.data.trust import Belief, Lowered
from learning.text.names import visible

USERS_SHOWN, REVIEWERS_SHOWN = 10, 5
TIMEOUT_S = 2.0


def rows(
    session: Session, team_id: str, belief: Belief, names: Callable[[], Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """A line for each user, most corrections first.

    `names` finds those of reviewers by Argilla's id, as far as they are known; it is asked only if one is shown.
    """
    found = trust.lowered(session, team_id, belief)
    for one in found[:USERS_SHOWN]:
        yield f"trust lowered by reviewers: {one.user_id}", _told(one, names())
    if len(found) > USERS_SHOWN:
        yield "trust lowered by reviewers", f"{len(found) - USERS_SHOWN} more users"


def _told(one: Lowered, names: Mapping[str, str]) -> str:
    by = [f"{visible(names.get(reviewer, reviewer))} {number}" for reviewer, number in one.by.most_common()]
    more = [f"{len(by) - REVIEWERS_SHOWN} more"] if len(by) > REVIEWERS_SHOWN else []
    shown = ", ".join([*by[:REVIEWERS_SHOWN], *more])
    corrections = "1 correction" if one.messages == 1 else f"{one.messages} corrections"
    return f"{one.trust:.2f} instead of {one.without:.2f}: {corrections} contradicted (by {shown})"


def reviewers(settings: Settings) -> dict[str, str]:
    """Names of Argilla's users by id; none if it does not answer, or shows them to its owner alone."""
    access = _access(settings)
    if access is None:
        return {}
    headers = {"X-Argilla-Api-Key": access.api_key}
    try:
        answer = httpx.get(f"{access.api_url}/api/v1/users", headers=headers, timeout=TIMEOUT_S)
        return {one["id"]: one["username"] for one in answer.raise_for_status().json()["items"]}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return {}


def _access(settings: Settings) -> Access | None:
    if settings.argilla_api_url and settings.argilla_api_key:
        return Access(settings.argilla_api_url, settings.argilla_api_key.get_secret_value())
    return (
        kept_access(settings.local_argilla_home, settings.local_argilla_port) if settings.is_local else None
    )
