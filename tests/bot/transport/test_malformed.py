"""What is broken in any way is acknowledged and left alone, and the next click works."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import select as rows

from bot.app.compose import LISTENERS, Bot, compose
from bot.app.compose import Slack as Address
from bot.app.listeners import FAILED
from bot.classification import card
from bot.context.settings import Settings
from bot.home import view as home_view
from bot.operators import run_notes
from bot.privacy import forgetting_view
from bot.summaries import card as summary_card
from bot.transport.admission import incoming
from bot.transport.respond import answering_slack_alone
from local.slack.person import Person
from local.slack.server import create_app
from local.slack.setup.config import Config
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from local.slack.setup.seed import BOT_USER_ID, TEAM_ID
from local.slack.state.grants import ResponseGrant
from local.slack.transport.http_mode import encoded, signed
from local.slack.transport.transport import Kind
from storage.tables.feedback import Correction, Label
from storage.tables.messages import Channel, Message
from storage.tables.models import Ruling
from storage.tables.summaries import Making, Origin, Summary, SummaryWord
from storage.tables.workspaces import Choice
from tests import databases
from tests.bot.mutating import LEAK, mutations
from tests.journeys.steps import card_on, correct, turn_on
from tests.local.running import Slack, served, until
from tests.running import ANA, PATIENT, SUPPORT, person, settings

Json = dict[str, Any]

pytestmark = pytest.mark.slow  # a whole bot in a local Slack, as in the journeys; `test_payloads.py` is quick

SECRET = "The merger with Hooli crashes"
EACH = 12
SORTS = {
    "block_actions change",
    "block_actions home_edit_labels",
    "block_actions home_settings",
    "block_actions right",
    "block_suggestion correct",
    "block_suggestion pick_label",
    "command /corrigible",
    "event_callback app_home_opened",
    "event_callback app_mention",
    "event_callback message",
    "event_callback message_changed",
    "event_callback message_deleted",
    "event_callback reaction_added",
    "event_callback reaction_removed",
    "message_action classify_message",
    "message_action summarize_thread",
    "view_submission choose_settings",
    "view_submission correct",
    "view_submission edit_label",
    "view_submission pick_label",
}
STORED = (Channel, Choice, Correction, Label, Message, Ruling, Summary, SummaryWord)


@dataclass
class Sender:
    """Sends a running bot what Slack would, or would not, by Socket Mode or signed HTTP."""

    slack: Slack
    running: Bot
    workspace: Any
    heard: dict[str, Json] = field(default_factory=dict)
    is_recording: bool = True

    def send(self, body: Json, *, by_http: bool) -> int:
        """The status of the bot's answer, once its listeners are done."""
        request = _by_http(body) if by_http else incoming(body, None, "socket_mode")
        status = answering_slack_alone(self.running.workspaces.dispatch, f"{self.slack.url}/api/")(
            request
        ).status
        self._finish()
        return status

    def fresh(self, body: Json) -> Json:
        """A payload with what every real one has: a trigger and an address that were not used before."""
        given = dict(body)
        if "trigger_id" in body:
            given["trigger_id"] = self.workspace.triggers.issue(ANA)
        if "response_url" in body:
            grant = ResponseGrant(SUPPORT, ANA)
            given["response_url"] = self.workspace.response_urls.issue(f"{self.slack.url}/", grant)
        return given

    def refused(self) -> float:
        """How many payloads were refused so far."""
        found = self.running.metrics.registry.get_sample_value("corrigible_errors_total", {"part": "payload"})
        return found or 0.0

    def stored(self) -> dict[str, int]:
        """How many rows there are of what people do."""
        with self.running.database.reading() as session:
            return {
                one.__name__: session.connection().execute(select(func.count()).select_from(one)).scalar_one()
                for one in STORED
            }

    def _finish(self) -> None:
        """Wait until the listeners are done: some go on after they have acknowledged."""
        listeners = self.running.workspace.app.listener_runner.listener_executor
        together = Barrier(LISTENERS)  # each listener that is free waits for all the others
        for done in [listeners.submit(together.wait) for _ in range(LISTENERS)]:
            done.result()


def _by_http(body: Json) -> Any:
    kind = Kind.EVENT if "event" in body else Kind.INTERACTIVE
    if "command" in body and "type" not in body:
        kind, body = Kind.COMMAND, {name: _in_a_form(value) for name, value in body.items()}
    content_type, sent = encoded(kind, body)
    return incoming(sent.decode(), {"content-type": content_type, **signed(SIGNING_SECRET, sent)}, "http")


def _in_a_form(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def sending(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    """A bot that was used once in every way."""
    folder = tmp_path_factory.mktemp("malformed")
    with databases.copied(request, folder) as url:
        yield from _used(settings(folder, url, summarizer="none", operators=(ANA,)))


def _used(chosen: Settings) -> Iterator[Sender]:
    app = create_app(Config(**PATIENT))
    with served(app, 0) as url, (slack := Slack(url)).http, person(slack) as ana:
        running = compose(chosen, Address(f"{url}/api/", BOT_TOKEN, APP_TOKEN, SIGNING_SECRET))
        try:
            running.start()
            until(slack.bot_connected)
            sending = Sender(slack, running, app.state.server.workspace)
            _record(sending)
            _use(sending, ana)
            yield sending
        finally:
            running.stop()


def _record(sending: Sender) -> None:
    """Keep one payload of each sort that Slack sends from now on."""

    @sending.running.workspace.app.middleware
    def hear(body: Json, next: Callable[[], None]) -> None:
        if not sending.is_recording:
            return next()
        event = body.get("event") or {}
        action = (body.get("actions") or [{}])[0].get("action_id")
        view = (body.get("view") or {}).get("callback_id")
        name = event.get("subtype") or event.get("type") or body.get("command")
        name = name or body.get("callback_id") or action or view
        sending.heard[f"{body.get('type', 'command')} {name}"] = body
        return next()


def _use(sending: Sender, ana: Person) -> None:
    """Do once what people do with the bot."""
    turn_on(ana, SUPPORT)
    shown = card_on(ana, SUPPORT, SECRET)
    ana.press(shown, card.RIGHT)
    correct(ana, shown, "billing")
    ana.point(SUPPORT, shown["thread_ts"], "classify_message")
    ana.command(SUPPORT, "/corrigible", "summaries on")
    ana.shortcut(SUPPORT, shown["thread_ts"], "summarize_thread")
    mention = ana.write(SUPPORT, f"<@{BOT_USER_ID}> {SECRET}")
    ana.react(SUPPORT, mention, "bug")
    ana.unreact(SUPPORT, mention, "bug")
    ana.edit(SUPPORT, mention, f"{SECRET} again")
    ana.delete(SUPPORT, mention)
    ana.submit(ana.open_from_home(home_view.SETTINGS), {})
    picker = ana.open_from_home(home_view.EDIT_LABELS)
    [offered] = ana.search(picker, "label", "bug")
    ana.submit(picker, {"label": {"label": {"selected_option": offered}}})
    ana.submit(ana.wait_for_view(), {"name": {"name": {"value": "bug"}}})
    until(lambda: sending.heard.keys() >= SORTS)
    sending.is_recording = False
    clicked, at_home = sending.heard["block_actions right"], sending.heard["block_actions home_settings"]
    submitted = sending.heard["view_submission correct"]
    summary_id = _summary(sending, shown)
    for action_id, value in {
        summary_card.GOOD: summary_id,
        summary_card.BAD: summary_id,
        summary_card.EDIT: summary_id,
        run_notes.PROMOTE: "1",
        run_notes.ROLL_BACK: "1",
        forgetting_view.FORGET: None,
    }.items():
        sending.heard[action_id] = _with_action(clicked, action_id, value)
    sending.heard[home_view.ROLL_BACK] = _with_action(at_home, home_view.ROLL_BACK, "1")
    sending.heard["view_closed"] = {**submitted, "type": "view_closed"}


def _with_action(body: Json, action_id: str, value: str | None) -> Json:
    [action] = body["actions"]
    other = {**action, "action_id": action_id, "value": value}
    return {**body, "actions": [{name: one for name, one in other.items() if one is not None}]}


def _summary(sending: Sender, shown: Json) -> str:
    summary = Summary(
        team_id=TEAM_ID,
        channel_id=SUPPORT,
        of_ts=shown["thread_ts"],
        thread_ts=shown["thread_ts"],
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        making=Making.DONE,
        due=False,
        shown=1,
    )
    summary_id = summary.id
    with sending.running.database.writing() as session:
        session.add(summary)
    return summary_id


@pytest.fixture
def ana(sending: Sender) -> Iterator[Person]:
    with person(sending.slack) as somebody:
        yield somebody


def test_whatever_is_broken_in_a_payload_it_is_acknowledged_quietly_and_the_next_click_works(
    sending: Sender, ana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrong: list[str] = []
    refused, stored = sending.refused(), sending.stored()
    for sort, payload in sending.heard.items():
        make = partial(sending.fresh, payload)
        for number, (what, broken) in enumerate(mutations(make, EACH, sort)):
            caplog.clear()
            status = sending.send(broken, by_http=number % 2 == 0)
            before, stored = stored, sending.stored()
            is_refused, refused = sending.refused() > refused, sending.refused()
            faults = [f"status {status}"] if status != 200 else []
            faults += ["refused, and stored"] if is_refused and stored != before else []
            faults += [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
            faults += ["quoted in the log"] if LEAK in caplog.text or SECRET in caplog.text else []
            wrong += [f"{sort}: {what}: {fault}" for fault in faults]
    ana.press(card_on(ana, SUPPORT, "The app crashes"), card.RIGHT)

    assert not wrong, "\n".join(wrong)
    assert sending.stored()["Correction"] == stored["Correction"] + 1


@pytest.mark.parametrize("character", ["\x00", "\ud800"])
def test_a_character_that_no_database_takes_is_replaced_in_a_users_text_and_refused_in_an_id(
    sending: Sender, character: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard = sending.heard["event_callback app_mention"]
    ts = f"{time.time():.6f}"
    refused = sending.refused()
    for changes in (
        {"user": f"{ANA}{character}"},
        {"channel": f"{SUPPORT}{character}"},
        {"ts": f"{ts}{character}"},
    ):
        event = {**heard["event"], "ts": ts, "text": "Refused", **changes}
        assert sending.send({**heard, "event": event}, by_http=True) == 200
    event = {**heard["event"], "ts": ts, "text": f"<@{BOT_USER_ID}> in{character}voice"}
    sending.send({**heard, "event": event}, by_http=False)

    assert sending.refused() == refused + 3
    assert [one.levelname for one in caplog.records if "payload refused" in one.message] == ["WARNING"] * 3
    with sending.running.database.reading() as session:
        kept = session.exec(rows(Message).where(Message.ts == ts)).all()
    assert [(one.user_id, one.text) for one in kept] == [(ANA, "in\ufffdvoice")]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "payload=", "payload=[1]", "payload={", "payload=null", "[" * 100_000]
)
def test_a_signed_body_that_is_no_object_is_refused(sending: Sender, body: str) -> None:
    refused = sending.refused()
    kind = "application/json" if body[:1] in "{[" else "application/x-www-form-urlencoded"
    headers = {"content-type": kind, **signed(SIGNING_SECRET, body.encode())}

    assert sending.running.workspaces.dispatch(incoming(body, headers, "http")).status == 200
    assert sending.refused() == refused + 1


def test_a_malformed_body_without_a_signature_is_still_nothing_of_slacks(sending: Sender) -> None:
    refused = sending.refused()

    answer = sending.running.workspaces.dispatch(incoming("[]", {"content-type": "application/json"}, "http"))
    assert answer.status == 401
    assert sending.refused() == refused


@pytest.mark.parametrize("payload", [None, [], "text", 7, {"team": 7}])
def test_what_comes_by_socket_mode_without_a_readable_payload_is_refused(
    sending: Sender, payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    refused, socket = sending.refused(), sending.running.socket
    assert socket
    assert socket._handler
    envelope = {"type": "interactive", "envelope_id": "1", "payload": payload}
    socket._handler.client.run_message_listeners(envelope, "")

    assert sending.refused() == refused + 1
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("sort", "block", "state"),
    [
        ("choose_settings", "operators", {"value": "U1"}),
        ("choose_settings", "operators", {"selected_option": {"value": "U1"}}),
        ("choose_settings", "timezone", {"selected_users": ["U1"]}),
        ("edit_label", "name", {"selected_users": ["U1"]}),
        ("edit_label", "examples", {"selected_options": [{"value": "U1"}]}),
        ("edit_label", "fate", {"value": "retire"}),
        ("pick_label", "label", {"selected_users": ["U1"]}),
    ],
)
def test_a_field_that_holds_what_another_kind_of_field_would_is_refused(
    sending: Sender, sort: str, block: str, state: Json, caplog: pytest.LogCaptureFixture
) -> None:
    sent = sending.heard[f"view_submission {sort}"]
    values = {**sent["view"]["state"]["values"], block: {block: state}}
    refused, stored = sending.refused(), sending.stored()

    assert sending.send({**sent, "view": {**sent["view"], "state": {"values": values}}}, by_http=True) == 200
    assert sending.refused() == refused + 1
    assert sending.stored() == stored
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "action_id", [card.RIGHT, run_notes.ROLL_BACK, summary_card.GOOD, forgetting_view.FORGET]
)
def test_a_button_of_a_message_that_is_pressed_where_nobody_can_be_answered_is_refused(
    sending: Sender, action_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused = sending.refused()
    sending.send(_with_action(sending.heard["block_actions home_settings"], action_id, "1"), by_http=True)

    assert sending.refused() == refused + 1
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_number_that_no_setting_holds_is_told_to_whoever_wrote_it(
    sending: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    sent = sending.heard["view_submission choose_settings"]
    number = {"retrain_after_labels": {"retrain_after_labels": {"value": "9" * 30}}}
    values = {**sent["view"]["state"]["values"], **number}
    stored = sending.stored()
    sending.send({**sent, "view": {**sent["view"], "state": {"values": values}}}, by_http=True)

    assert sending.stored() == stored
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"bot": [BOT_USER_ID]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": [ANA]}}, False),
        ({"type": "team_access_revoked", "team_ids": [TEAM_ID]}, True),
        ({"type": "team_access_revoked", "team_ids": ["T0OTHER"]}, False),
        ({"type": "team_access_revoked", "team_ids": []}, False),
        ({"type": "team_access_revoked"}, False),
    ],
)
def test_an_operator_is_told_that_the_app_was_removed_where_it_was(
    sending: Sender, event: Json, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sending.send({**sending.heard["event_callback message"], "event": event}, by_http=True)

    assert ("the app was removed" in caplog.text) is is_told


@pytest.mark.parametrize("odd", [{}, [1], 7])
def test_an_odd_reason_for_sending_again_by_socket_mode_does_not_matter(
    sending: Sender, odd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    refused, socket = sending.refused(), sending.running.socket
    assert socket
    assert socket._handler
    payload = sending.fresh(sending.heard["block_suggestion correct"])
    again = {"retry_attempt": odd, "retry_reason": odd}
    envelope = {"type": "interactive", "envelope_id": "1", "payload": payload, **again}
    socket._handler.client.run_message_listeners(envelope, "")

    assert sending.refused() == refused
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_failure_that_is_not_the_payloads_is_still_told_to_whoever_clicked(
    sending: Sender, ana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    shown = card_on(ana, SUPPORT, "The app crashes once more")
    clicked = sending.fresh(sending.heard["block_actions change"])
    clicked["actions"] = [{**clicked["actions"][0], "value": _value(shown, card.CHANGE)}]
    refused = sending.refused()
    for _ in range(2):  # the second time Slack opens no modal, because its trigger was used
        sending.send(clicked, by_http=False)

    assert sending.refused() == refused
    [loud] = [one.message for one in caplog.records if one.levelno >= logging.ERROR]
    assert "listener failed" in loud
    assert FAILED in ana.wait_for_whisper(SUPPORT)["text"]


def _value(shown: Json, action_id: str) -> str:
    buttons = [one for block in shown["blocks"] for one in block.get("elements", [])]
    [value] = [str(one["value"]) for one in buttons if one.get("action_id") == action_id]
    return value
