"""Several workspaces behind one address, and an unmodified Bolt app that is installed into them by OAuth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from local.slack.person import Person
from local.slack.setup.credentials import CLIENT_ID, CLIENT_SECRET
from local.slack.setup.seed import BOT_USER_ID, CHANNELS
from tests.local import installed
from tests.local.factories import state
from tests.local.installed import SCOPES, Bot, running_bot
from tests.local.running import (
    ACME,
    ANA,
    BEN,
    GLOBEX,
    PATIENT,
    SUPPORT,
    Grid,
    free_port,
    grid,
    refusal,
    until,
)

Json = dict[str, Any]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def slack(port: int) -> Iterator[Grid]:
    with grid(bot_url=f"http://127.0.0.1:{port}/slack/events", **PATIENT) as running:
        yield running


@pytest.fixture
def bot(slack: Grid, port: int, tmp_path: Path) -> Iterator[Bot]:
    with running_bot(slack, port, tmp_path) as running:
        yield running


def test_before_it_is_installed_the_bot_hears_nothing_and_later_neither(slack: Grid, bot: Bot) -> None:
    slack.team(ACME.id).say("too early")
    slack.team(ACME.id).page("home")
    refused = slack.team(ACME.id).page("command", channel=SUPPORT, command="/corrigible", text="")

    slack.install(bot.url, ACME.id)
    slack.team(ACME.id).say("now")
    until(lambda: replies(slack, ACME.id))

    assert slack.team(ACME.id).deliveries("app_home_opened") == []
    assert refused["acknowledged"] is False
    assert [body["event"]["text"] for body in bot.messages()] == ["now"]


def test_an_installation_goes_through_the_browser_and_is_kept_by_bolt(slack: Grid, bot: Bot) -> None:
    answer = slack.install(bot.url, ACME.id, user=BEN)

    assert answer.status_code == 200
    assert str(answer.url).startswith(f"{bot.url}/slack/oauth_redirect?code=")
    kept = bot.installation(ACME.id)
    assert kept is not None
    assert (kept.team_name, kept.user_id, kept.bot_user_id) == ("Acme", BEN, BOT_USER_ID)
    assert (kept.enterprise_id, kept.is_enterprise_install) == (None, False)
    assert sorted(kept.bot_scopes or ()) == sorted(SCOPES)
    assert slack.web(kept.bot_token).auth_test()["team_id"] == ACME.id


def test_cancelling_leads_back_to_the_bot_without_a_code(slack: Grid, bot: Bot) -> None:
    answer = slack.cancel(bot.url)

    assert answer.url.params["error"] == "access_denied"
    assert answer.url.params["state"]
    assert bot.installation(ACME.id) is None


def test_two_teams_with_the_same_people_and_channels_do_not_mix(slack: Grid, bot: Bot) -> None:
    for team in (ACME, GLOBEX):
        slack.install(bot.url, team.id)
    slack.team(ACME.id).say("a secret of Acme's")
    slack.team(GLOBEX.id).say("a secret of Globex's")

    until(lambda: replies(slack, ACME.id) and replies(slack, GLOBEX.id))

    assert replies(slack, ACME.id) == ["I am in T0ACME"]
    assert replies(slack, GLOBEX.id) == ["I am in T0GLOBEX"]
    history = slack.web(bot.token(GLOBEX.id)).conversations_history(channel=SUPPORT)["messages"]
    assert [m["text"] for m in history] == ["a secret of Globex's"]
    assert len(slack.team(ACME.id).calls("chat.postMessage")) == 1


def test_every_event_says_which_team_and_installation_it_belongs_to(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, GLOBEX.id)
    slack.team(GLOBEX.id).say("hello")

    body = until(lambda: bot.events("message"))[0]

    assert (body["team_id"], body["event"]["team"]) == (GLOBEX.id, GLOBEX.id)
    assert "enterprise_id" not in body
    assert body["authorizations"] == [
        {
            "enterprise_id": None,
            "team_id": GLOBEX.id,
            "user_id": BOT_USER_ID,
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]


def test_commands_clicks_modals_and_response_urls_stay_in_their_team(slack: Grid, bot: Bot) -> None:
    for team in (ACME, GLOBEX):
        slack.install(bot.url, team.id)
    with Person(f"{slack.url}/{GLOBEX.id}/", ANA) as ana:
        whisper = ana.command(SUPPORT, "/corrigible", "hello")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "Help"))
        view = ana.open_view(card, "go")
        ana.submit(view, state()["values"])
        until(lambda: "Thanks, T0GLOBEX" in replies(slack, GLOBEX.id))

    assert whisper["text"] == "You are in T0GLOBEX, globex"
    assert view["team_id"] == view["app_installed_team_id"] == GLOBEX.id
    click = next(body for body in bot.heard if body.get("type") == "block_actions")
    assert (click["team"], click["user"]["team_id"]) == ({"id": GLOBEX.id, "domain": "globex"}, GLOBEX.id)
    assert (click["enterprise"], click["is_enterprise_install"]) == (None, False)
    assert httpx.post(click["response_url"], json={"text": "later", "replace_original": False}).text == "ok"
    assert slack.team(GLOBEX.id).messages()[-1]["text"] == "later"
    assert slack.team(ACME.id).messages() == []


def test_addresses_that_the_api_gives_out_lead_back_to_the_team(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, GLOBEX.id)
    web = slack.web(bot.token(GLOBEX.id))
    posted = web.chat_postMessage(channel=SUPPORT, text="look")

    link = web.chat_getPermalink(channel=SUPPORT, message_ts=posted["ts"])["permalink"]
    file = web.files_upload_v2(channel=SUPPORT, content=b"chart", filename="chart.png")["file"]

    assert httpx.get(link).headers["location"] == f"/{GLOBEX.id}/?channel={SUPPORT}"
    assert httpx.get(file["url_private"]).content == b"chart"
    assert file["url_private"].startswith(f"{slack.url}/{GLOBEX.id}/files/")
    assert web.auth_test()["url"] == f"{slack.url}/{GLOBEX.id}/"


def test_a_token_opens_its_own_team_and_no_other_door(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ACME.id)
    acme = slack.web(bot.token(ACME.id))
    others = WebClient(token=bot.token(ACME.id), base_url=f"{slack.url}/{GLOBEX.id}/api/")

    assert acme.conversations_info(channel=SUPPORT)["channel"]["context_team_id"] == ACME.id
    assert refusal(others.auth_test) == "invalid_auth"
    assert refusal(slack.web("xoxb-made-up").auth_test) == "invalid_auth"
    assert refusal(slack.web().auth_test) == "not_authed"


def test_after_it_is_removed_the_token_is_dead_and_bolt_forgets_the_installation(
    slack: Grid, bot: Bot
) -> None:
    for team in (ACME, GLOBEX):
        slack.install(bot.url, team.id)
    token = bot.token(ACME.id)

    slack.uninstall(ACME.id)
    until(lambda: bot.events("app_uninstalled") and bot.events("tokens_revoked"))
    slack.team(ACME.id).say("Is somebody there?")
    slack.team(GLOBEX.id).say("Still here?")
    until(lambda: replies(slack, GLOBEX.id))

    assert refusal(slack.web(token).auth_test) == "account_inactive"
    assert bot.events("tokens_revoked")[0]["event"]["tokens"] == {"oauth": [], "bot": [BOT_USER_ID]}
    assert bot.events("app_uninstalled")[0]["team_id"] == ACME.id
    until(lambda: bot.installation(ACME.id) is None)
    assert slack.team(ACME.id).deliveries("message") == []
    assert [body["team_id"] for body in bot.messages()] == [GLOBEX.id]


def test_what_waited_for_a_removed_app_is_never_sent(slack: Grid, port: int, tmp_path: Path) -> None:
    with running_bot(slack, port, tmp_path) as bot:
        slack.install(bot.url, ACME.id)
    slack.team(ACME.id).say("Nobody is listening")
    slack.uninstall(ACME.id)
    slack.team(ACME.id).say("Nobody is there")

    with running_bot(slack, port, tmp_path) as bot:
        until(lambda: bot.events("app_uninstalled") and bot.events("tokens_revoked"))
        until(lambda: bot.installation(ACME.id) is None)

    # by Slack's word: Bolt takes such a message, and shows it to nobody
    assert [sent for sent in slack.team(ACME.id).deliveries("message") if sent["acknowledged_at"]] == []


def test_a_revoked_token_is_told_of_without_an_uninstallation(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ACME.id)
    token = bot.token(ACME.id)

    slack.revoke(ACME.id)
    until(lambda: bot.events("tokens_revoked"))
    until(lambda: bot.store.find_bot(enterprise_id=None, team_id=ACME.id) is None)

    assert refusal(slack.web(token).auth_test) == "account_inactive"
    assert slack.team(ACME.id).deliveries("app_uninstalled") == []
    assert slack.team(ACME.id).page("revoke")["error"] == "app_not_installed"


def test_it_can_be_installed_again_and_stands_in_the_channels_it_began_with(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ACME.id)
    slack.uninstall(ACME.id)
    until(lambda: bot.events("app_uninstalled"))
    until(lambda: bot.installation(ACME.id) is None)
    invited = slack.team(ACME.id).page("invite", channel=SUPPORT)

    slack.install(bot.url, ACME.id)
    slack.team(ACME.id).say("Welcome back")

    assert invited["error"] == "app_not_installed"
    assert until(lambda: replies(slack, ACME.id)) == ["I am in T0ACME"]
    state = slack.team(ACME.id).http.get("/page/state", params={"user": ANA}).json()
    without = [channel["id"] for channel in state["channels"] if not channel["bot_is_member"]]
    assert without == [CHANNELS["random"]]


def test_rotating_tokens_are_renewed_by_bolt_before_they_expire(port: int, tmp_path: Path) -> None:
    hook = f"http://127.0.0.1:{port}/slack/events"
    with grid(bot_url=hook, token_life_s=3600) as slack, running_bot(slack, port, tmp_path) as bot:
        slack.install(bot.url, ACME.id)
        first = bot.installation(ACME.id)
        assert first is not None
        assert first.bot_refresh_token is not None
        slack.team(ACME.id).say("An hour is less than Bolt waits for")
        until(lambda: replies(slack, ACME.id))

        assert (first.bot_token or "").startswith("xoxe.xoxb-")
        assert bot.token(ACME.id) != first.bot_token
        assert slack.web(first.bot_token).auth_test()["ok"]
        assert slack.web(bot.token(ACME.id)).auth_test()["team_id"] == ACME.id
        assert refresh(slack, first.bot_refresh_token) == "invalid_refresh_token"
        kinds = [call["arguments"]["grant_type"] for call in slack.team(ACME.id).calls("oauth.v2.access")]
        assert kinds[:2] == ["authorization_code", "refresh_token"]


def test_an_expired_token_says_so_and_its_refresh_token_still_works_once(port: int) -> None:
    with grid(bot_url=f"http://127.0.0.1:{port}/slack/events", token_life_s=43_200) as slack:
        first = exchanged(slack, code(slack))
        assert first["expires_in"] == 43_200

        assert slack.team(ACME.id).fault("expire")["ok"]

        assert refusal(slack.web(first["access_token"]).auth_test) == "token_expired"
        renewed = slack.web().oauth_v2_access(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            grant_type="refresh_token",
            refresh_token=first["refresh_token"],
        )
        assert slack.web(renewed["access_token"]).auth_test()["team_id"] == ACME.id
        assert refresh(slack, first["refresh_token"]) == "invalid_refresh_token"


def test_a_code_is_exchanged_once_and_the_answer_is_slacks(slack: Grid) -> None:
    granted = code(slack)

    answer = exchanged(slack, granted)

    token = answer.pop("access_token")
    assert token.startswith("xoxb-")
    assert answer == {
        "ok": True,
        "app_id": "A0CORRIGIB",
        "authed_user": {"id": ANA},
        "scope": "chat:write",
        "token_type": "bot",
        "bot_user_id": BOT_USER_ID,
        "team": {"id": ACME.id, "name": "Acme"},
        "enterprise": None,
        "is_enterprise_install": False,
    }
    assert refusal(exchanged, slack=slack, granted=granted) == "invalid_code"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"client_secret": "guessed"}, "bad_client_secret"),
        ({"redirect_uri": "http://127.0.0.1:1/elsewhere"}, "bad_redirect_uri"),
        ({"code": "1.2.3"}, "invalid_code"),
        ({"grant_type": "password"}, "invalid_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused(slack: Grid, wrong: Json, expected: str) -> None:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    right = {**client, "code": code(slack), "redirect_uri": redirect_uri(slack)}

    answer = httpx.post(f"{slack.url}/api/oauth.v2.access", data={**right, **wrong}).json()

    assert answer == {"ok": False, "error": expected}
    assert httpx.post(f"{slack.url}/api/oauth.v2.access", data=right).json()["ok"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"scope": ""}, "invalid_scope"),
        ({"redirect_uri": "http://127.0.0.1:1/elsewhere"}, "bad_redirect_uri"),
    ],
)
def test_people_are_not_asked_on_behalf_of_who_is_not_the_app(
    slack: Grid, wrong: Json, expected: str
) -> None:
    page = httpx.get(f"{slack.url}/oauth/v2/authorize", params={**asked(slack), **wrong})

    assert page.status_code == 400
    assert expected in page.text
    assert "form" not in page.text


def test_trouble_on_order_befalls_the_exchange_too(slack: Grid, bot: Bot) -> None:
    slack.team(ACME.id).fault("method", method="oauth.v2.access", kind="error", error="internal_error")

    answer = slack.install(bot.url, ACME.id)

    assert answer.status_code == 401
    assert bot.installation(ACME.id) is None
    assert slack.install(bot.url, ACME.id).status_code == 200


def redirect_uri(slack: Grid) -> str:
    """Where the app, which need not run, wants people to be sent back to."""
    return f"{slack.bot_url}/slack/oauth_redirect"


def asked(slack: Grid) -> Json:
    return {"client_id": CLIENT_ID, "scope": "chat:write", "state": "s", "redirect_uri": redirect_uri(slack)}


def code(slack: Grid) -> str:
    """What Ana's consent is worth."""
    form = {"place": ACME.id, "user": "ana", "decision": "allow"}
    answer = httpx.post(f"{slack.url}/oauth/v2/authorize", params=asked(slack), data=form)
    back = httpx.URL(answer.headers["location"])
    assert back.params["state"] == "s"
    return back.params["code"]


def exchanged(slack: Grid, granted: str) -> Json:
    answer = slack.web().oauth_v2_access(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, code=granted, redirect_uri=redirect_uri(slack)
    )
    assert isinstance(answer.data, dict)
    return answer.data


def refresh(slack: Grid, refresh_token: str) -> str:
    """The code with which a refresh token is refused."""
    return refusal(
        slack.web().oauth_v2_access,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        grant_type="refresh_token",
        refresh_token=refresh_token,
    )


def replies(slack: Grid, team_id: str) -> list[str]:
    return installed.replies(slack, team_id, SUPPORT, ANA)
