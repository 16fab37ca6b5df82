"""Workspaces that install the app by OAuth, and a bot that any of them can install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bot.app.compose import Bot, compose
from bot.app.compose import Slack as Address
from bot.context.settings import Settings
from bot.installation.installations import OAuth
from learning.argilla.connection import Access
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.credentials import CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET
from local.slack.setup.team import Team
from tests.local.running import ANA, AUTHORIZE, Grid, free_port, grid, until
from tests.running import HANG_S, PATIENT, settings


@contextmanager
def installable(slack: Grid, chosen: Settings, argilla: SignIn | None = None) -> Iterator[Bot]:
    """A bot that any workspace can install."""
    oauth = OAuth(CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET, f"{slack.url}{AUTHORIZE}", None)
    find = partial(Access, argilla.url, argilla.api_key) if argilla else None
    running = compose(chosen, Address(f"{slack.url}/api/", None, None, SIGNING_SECRET, oauth), find)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@contextmanager
def everything(folder: Path, url: str, **of_grid: Any) -> Iterator[tuple[Grid, Bot]]:
    """Slack with several workspaces, and the bot."""
    chosen = settings(folder, url, port=free_port())
    with (
        grid(f"http://127.0.0.1:{chosen.port}/slack/events", **{**PATIENT, **of_grid}) as slack,
        installable(slack, chosen) as running,
    ):
        yield slack, running


def serves(running: Bot, *teams: str) -> bool:
    """Does the bot serve these workspaces and no others?"""
    return {one.grant.team_id for one in running.workspaces.every()} == set(teams)


def installed(slack: Grid, running: Bot, *teams: Team) -> None:
    """Install the app in these workspaces, and wait until the bot serves them."""
    for team in teams:
        assert slack.install(slack.bot_url, team.id).status_code == 200
        until(partial(running.workspaces.of, team.id))


def ana_in(slack: Grid, team: Team) -> Person:
    """Ana, who is in every workspace."""
    return Person(f"{slack.url}/{team.id}/", team.own(ANA), HANG_S)
