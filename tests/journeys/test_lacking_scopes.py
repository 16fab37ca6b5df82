"""An installation that was made before the app asked for a scope: what needs it stays off, and says how to get it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.web_api import scopes
from local.slack.person import Person
from tests.journeys.installing import ana_in, everything, installed
from tests.journeys.operating import note_with, operated
from tests.journeys.steps import turn_on
from tests.local.running import ACME, SUPPORT, until, workspace
from tests.running import ANA, BEN, PATIENT, bot, person

LACKING = ("files:write", "mpim:history", "mpim:read", "reactions:write")
LACK = "Slack does not allow me everything"


def status(somebody: Person) -> str:
    return str(somebody.command(SUPPORT, "/corrigible", "status")["text"])


def test_what_lacks_a_scope_stays_off_and_says_so_until_it_is_allowed(
    tmp_path: Path, database_url: str
) -> None:
    with workspace(**PATIENT) as slack:
        slack.fault("scopes", lacking=",".join(LACKING))
        with bot(slack, operated(tmp_path, database_url)), person(slack, ANA) as ana:
            told, home = status(ana), str(ana.home())
            group = slack.group(BEN)
            in_group = turn_on(ana, group)["text"]
            quiet = turn_on(ana, SUPPORT, "quiet")["text"]
            note = until(partial(note_with, slack, LACK))
            slack.fault("scopes", lacking="")
            until(lambda: LACK not in status(ana))
            allowed = turn_on(ana, group)["text"]

    for text in (told, home, str(note["text"])):
        assert all(f"`{scope}`" in text for scope in LACKING)
        assert "`im:history`" not in text
        assert "https://api.slack.com/apps" in text
    assert "I lack the scope `mpim:read`" in in_group
    assert "I lack the scope `reactions:write`" in quiet
    assert allowed.startswith("On.")


def test_an_installable_app_links_to_its_own_page_of_installation(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scopes, "KEPT_S", 0.0)
    with everything(tmp_path, database_url) as (slack, running):
        installed(slack, running, ACME)
        slack.team(ACME.id).fault("scopes", lacking="mpim:history")
        with ana_in(slack, ACME) as ana:
            assert f"<{slack.bot_url}/slack/install|Authorize me again>" in status(ana)
            assert slack.install(slack.bot_url, ACME.id).status_code == 200
            until(lambda: LACK not in status(ana))
