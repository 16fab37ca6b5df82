"""Clicks, menus, modals, commands and shortcuts, against an unmodified Bolt app in Socket Mode."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond

from tests.local.factories import (
    actions,
    button,
    external_select,
    modal,
    option,
    state,
    static_select,
    text_input,
)
from tests.local.running import ANA, BEN, SUPPORT, Slack, bolt, refusal, socket_mode, until, workspace
from tests.local.slack.patience import impatient, less_patient

CARD = [actions(button(value="p1"), static_select([option()]), external_select())]


@pytest.fixture
def app(slack: Slack) -> Iterator[App]:
    """An app, connected; its test adds the listeners."""
    app = bolt(slack)
    with socket_mode(app):
        until(slack.bot_connected)
        yield app


@pytest.fixture
def card(slack: Slack) -> str:
    """The ts of a message with a button and two menus."""
    return str(slack.web.chat_postMessage(channel=SUPPORT, text="card", blocks=CARD)["ts"])


def click(slack: Slack, ts: str, user: str = ANA, **action: Any) -> dict[str, Any]:
    return slack.page("action", user, channel=SUPPORT, ts=ts, action={"action_id": "go", **action})


def opened_modal(slack: Slack, app: App, ts: str, view: dict[str, Any] | None = None) -> dict[str, Any]:
    """Let the app open a modal at a click, and return it."""
    opened: list[dict[str, Any]] = []

    @app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        answer = slack.web.views_open(trigger_id=body["trigger_id"], view=view or modal())
        opened.append(answer["view"])

    click(slack, ts)
    [found] = until(lambda: opened)
    return dict(found)


def test_a_click_carries_what_slack_carries(slack: Slack, app: App, card: str) -> None:
    bodies: list[dict[str, Any]] = []

    @app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        bodies.append(body)

    assert click(slack, card, value="forged") == {"ok": True, "acknowledged": True}
    [body] = until(lambda: bodies)
    [action] = body["actions"]
    assert (action["value"], action["block_id"], action["type"]) == ("p1", "card", "button")
    assert (body["user"]["id"], body["channel"]["name"]) == (ANA, "support")
    assert (body["container"]["message_ts"], body["message"]["ts"]) == (card, card)
    assert body["trigger_id"]
    assert body["response_url"].startswith(f"{slack.url}/actions/")


@impatient
def test_a_click_without_ack_is_told_so(slack: Slack, app: App, card: str) -> None:
    app.action("go")(lambda: None)

    assert click(slack, card) == {"ok": True, "acknowledged": False}


def test_a_click_on_what_is_not_there_never_reaches_the_bot(slack: Slack, app: App, card: str) -> None:
    assert click(slack, card, action_id="other")["error"] == "action_not_found"
    other = option("Other", "other")
    assert click(slack, card, action_id="pick", selected_option=other)["error"] == "option_not_found"
    assert click(slack, "1.1")["error"] == "message_not_found"


def test_a_choice_is_seen_by_the_bot(slack: Slack, app: App, card: str) -> None:
    chosen: list[str] = []

    @app.action("pick")
    def pick(ack: Ack, action: dict[str, Any]) -> None:
        ack()
        chosen.append(action["selected_option"]["value"])

    click(slack, card, action_id="pick", selected_option=option())
    assert until(lambda: chosen) == ["bug"]


def test_an_external_select_offers_what_the_bot_answers(slack: Slack, app: App, card: str) -> None:
    @app.options("find")
    def find(ack: Ack, payload: dict[str, Any]) -> None:
        ack(options=[option(f"{payload['value']} {n}", str(n)) for n in range(2)])

    where = {"channel": SUPPORT, "ts": card, "action_id": "find", "block_id": "card"}
    answer = slack.page("options", value="bug", **where)

    assert [found["text"]["text"] for found in answer["options"]] == ["bug 0", "bug 1"]


def test_more_options_than_slack_shows_are_refused(slack: Slack, app: App, card: str) -> None:
    @app.options("find")
    def find(ack: Ack) -> None:
        ack(options=[option(str(n), str(n)) for n in range(101)])

    where = {"channel": SUPPORT, "ts": card, "action_id": "find", "block_id": "card", "value": ""}
    assert slack.page("options", **where)["error"] == "invalid_options"


def test_a_response_url_replaces_the_message_and_answers_five_times(
    slack: Slack, app: App, card: str
) -> None:
    urls: list[str] = []

    @app.action("go")
    def go(ack: Ack, respond: Respond, body: dict[str, Any]) -> None:
        ack()
        respond(text="thanks", replace_original=True)
        urls.append(body["response_url"])

    click(slack, card)
    [url] = until(lambda: urls)
    assert slack.messages()[0]["text"] == "thanks"
    assert slack.messages()[0]["blocks"] == []

    again = [slack.http.post(url, json={"text": f"{n}"}) for n in range(5)]
    assert [answer.status_code for answer in again] == [200, 200, 200, 200, 404]
    assert (again[0].text, again[4].text) == ("ok", "used_url")
    assert [m["is_ephemeral"] for m in slack.messages()[1:]] == [True] * 4
    assert slack.messages(user=BEN)[1:] == []


def test_an_ephemeral_message_can_be_clicked_replaced_and_deleted(slack: Slack, app: App) -> None:
    bodies: list[dict[str, Any]] = []

    @app.action("go")
    def go(ack: Ack, respond: Respond, body: dict[str, Any]) -> None:
        ack()
        respond(text="done", blocks=CARD, replace_original=not bodies, delete_original=bool(bodies))
        bodies.append(body)

    ts = slack.web.chat_postEphemeral(channel=SUPPORT, user=ANA, text="only you", blocks=CARD)["message_ts"]
    click(slack, ts)
    until(lambda: bodies)
    assert (bodies[0]["container"]["is_ephemeral"], "message" in bodies[0]) == (True, False)
    assert slack.messages()[0]["text"] == "done"
    assert click(slack, ts, user=BEN)["error"] == "message_not_found"

    click(slack, ts)
    until(lambda: not slack.messages())


def test_a_trigger_opens_one_view_and_only_for_a_moment(app: App, slack: Slack, card: str) -> None:
    triggers: list[str] = []

    @app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        triggers.append(body["trigger_id"])

    click(slack, card)
    [trigger] = until(lambda: triggers)
    slack.web.views_open(trigger_id=trigger, view=modal())
    assert refusal(slack.web.views_open, trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    assert refusal(slack.web.views_open, trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"


def test_a_trigger_expires() -> None:
    with workspace(trigger_life_s=0.05) as slack:
        app, triggers = bolt(slack), []

        @app.command("/corrigible")
        def command(ack: Ack, body: dict[str, Any]) -> None:
            ack()
            triggers.append(body["trigger_id"])

        with socket_mode(app):
            slack.page("command", channel=SUPPORT, command="/corrigible")
            [trigger] = until(lambda: triggers)
            time.sleep(0.06)

            assert refusal(slack.web.views_open, trigger_id=trigger, view=modal()) == "expired_trigger_id"


def test_a_submission_has_every_input_and_closes_the_modal(slack: Slack, app: App, card: str) -> None:
    view = modal(text_input(), text_input("note", optional=True), private_metadata="p1")
    opened = opened_modal(slack, app, card, view)
    seen: list[dict[str, Any]] = []

    @app.view("form")
    def form(ack: Ack, view: dict[str, Any]) -> None:
        ack()
        seen.append(view)

    answer = slack.page("submit", view_id=opened["id"], state=state())
    assert answer == {"ok": True, "response_action": None}
    [submitted] = until(lambda: seen)
    assert submitted["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "because"}},
        "note": {"text": {"type": "plain_text_input", "value": None}},
    }
    assert (submitted["private_metadata"], submitted["hash"]) == ("p1", opened["hash"])
    assert slack.page("submit", view_id=opened["id"], state=state())["error"] == "view_not_found"


def test_a_required_input_left_empty_never_reaches_the_bot(slack: Slack, app: App, card: str) -> None:
    opened = opened_modal(slack, app, card)

    answer = slack.page("submit", view_id=opened["id"], state=state(value=""))
    assert answer["errors"] == {"reason": "Please complete this required field."}


@less_patient
def test_errors_keep_the_modal_open_and_an_update_replaces_it(slack: Slack, app: App, card: str) -> None:
    opened = opened_modal(slack, app, card)

    @app.view("form")
    def form(ack: Ack, view: dict[str, Any]) -> None:
        if view["state"]["values"]["reason"]["text"]["value"] == "no":
            ack(response_action="errors", errors={"reason": "Say more"})
        else:
            ack(response_action="update", view=modal(callback_id="second"))

    refused = slack.page("submit", view_id=opened["id"], state=state(value="no"))
    assert (refused["response_action"], refused["errors"]) == ("errors", {"reason": "Say more"})
    assert slack.page("submit", view_id=opened["id"], state=state())["response_action"] == "update"
    assert slack.page("submit", view_id=opened["id"], state=state())["error"] == "not_acknowledged"
    assert slack.page("close", view_id=opened["id"]) == {"ok": True}


def test_a_submission_may_push_a_view_or_clear_all(slack: Slack, app: App, card: str) -> None:
    opened = opened_modal(slack, app, card)
    pushed: list[str] = []

    @app.view("form")
    def form(ack: Ack) -> None:
        ack(response_action="push", view=modal(callback_id="second", external_id="on-top"))

    @app.view("second")
    def second(ack: Ack, view: dict[str, Any]) -> None:
        pushed.append(view["root_view_id"])
        ack(response_action="clear")

    with slack.watching() as pushes:
        assert slack.page("submit", view_id=opened["id"], state=state())["response_action"] == "push"
        top = until(lambda: [p["view"] for p in pushes if p["type"] == "view_pushed"])[0]
        assert slack.page("submit", view_id=top["id"], state=state())["response_action"] == "clear"
        until(lambda: [p["type"] for p in pushes].count("view_closed") == 2)
    assert pushed == [opened["id"]]


def test_a_view_is_updated_only_as_long_as_its_hash_holds(slack: Slack, app: App, card: str) -> None:
    opened = opened_modal(slack, app, card)
    again = {"view_id": opened["id"], "view": modal(), "hash": opened["hash"]}

    slack.web.views_update(**again)
    assert refusal(slack.web.views_update, **again) == "hash_conflict"
    assert refusal(slack.web.views_update, view_id="V0NOTHING", view=modal()) == "not_found"


def test_views_are_pushed_three_deep(slack: Slack, app: App, card: str) -> None:
    refused: list[str] = []

    @app.action("more")
    def more(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        try:
            slack.web.views_push(trigger_id=body["trigger_id"], view=modal())
        except Exception as error:
            refused.append(error.response["error"])  # type: ignore[attr-defined]

    view = modal(actions(button("more")))
    opened = opened_modal(slack, app, card, view)
    for _ in range(3):
        slack.page("action", view_id=opened["id"], action={"action_id": "more"})
    until(lambda: refused)

    assert refused == ["push_limit_reached"]


def test_closing_is_told_to_the_bot_where_it_asked_for_it(slack: Slack, app: App, card: str) -> None:
    opened = opened_modal(slack, app, card, modal(notify_on_close=True))
    closed: list[str] = []

    @app.view_closed("form")
    def on_close(ack: Ack, view: dict[str, Any]) -> None:
        ack()
        closed.append(view["id"])

    slack.page("close", view_id=opened["id"])
    assert until(lambda: closed) == [opened["id"]]


def test_a_home_tab_is_published_seen_and_clicked(slack: Slack, app: App) -> None:
    clicked: list[str] = []

    @app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        clicked.append(body["view"]["type"])

    home = {"type": "home", "blocks": [actions(button())]}
    published = slack.web.views_publish(user_id=ANA, view=home)["view"]
    assert slack.page("home")["view"]["id"] == published["id"]
    slack.page("action", view_id=published["id"], action={"action_id": "go"})
    assert until(lambda: clicked) == ["home"]


def test_a_command_is_answered_in_its_acknowledgement_or_later(slack: Slack, app: App) -> None:
    @app.command("/corrigible")
    def command(ack: Ack, respond: Respond, command: dict[str, Any]) -> None:
        ack({"response_type": "in_channel", "text": f"{command['text']} for all"})
        respond("only for you")

    answer = slack.page("command", channel=SUPPORT, command="/corrigible", text=" status ")
    assert answer == {"ok": True, "acknowledged": True}
    until(lambda: len(slack.messages()) == 2)
    assert sorted(m["text"] for m in slack.messages()) == ["only for you", "status for all"]
    assert [m["text"] for m in slack.messages(user=BEN)] == ["status for all"]


@impatient
def test_a_command_nobody_listens_to_is_not_acknowledged(slack: Slack, app: App) -> None:
    answer = slack.page("command", channel=SUPPORT, command="/other")

    assert answer == {"ok": True, "acknowledged": False}


def test_shortcuts_reach_the_bot_from_a_message_and_from_anywhere(slack: Slack, app: App, card: str) -> None:
    seen: list[tuple[str, str | None]] = []

    @app.shortcut("teach")
    def teach(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.append((body["type"], body.get("message_ts")))

    slack.page("shortcut", callback_id="teach", channel=SUPPORT, ts=card)
    slack.page("shortcut", callback_id="teach")
    until(lambda: len(seen) == 2)

    assert seen == [("message_action", card), ("shortcut", None)]
