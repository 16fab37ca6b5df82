"""The page of the local workspace, driven in a real browser with a real Bolt app behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect
from slack_bolt import Ack, App
from slack_sdk import WebClient

from local.slack.setup.credentials import BOT_TOKEN
from tests.local.browser import WAIT_MS
from tests.local.running import PATIENCE_S, socket_mode, workspace

Json = dict[str, Any]

ACK_S = 5.0  # one click is never acknowledged; all others are, on a slow machine too
LABELS = ("bug report", "billing", "feature request")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A workspace of its own, with a bot connected to it."""
    with (
        workspace(ack_timeout_s=ACK_S, trigger_life_s=PATIENCE_S) as slack,
        socket_mode(labelling_bot(f"{slack.url}/")),
    ):
        yield f"{slack.url}/"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Ana's page, at #support."""
    with browser.new_context() as context:
        context.set_default_timeout(WAIT_MS)
        yield opened(context.new_page(), address)


def labelling_bot(address: str) -> App:
    """Answers each message with a card; a click confirms it, or opens a modal to correct it."""
    app = App(client=WebClient(base_url=f"{address}api/", token=BOT_TOKEN))

    @app.event("message")
    def show_card(event: Json, client: WebClient) -> None:
        if "subtype" not in event and "thread_ts" not in event:
            client.chat_postMessage(
                channel=event["channel"], thread_ts=event["ts"], text="bug report", blocks=card()
            )

    @app.action("confirm")
    def confirm(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        done = [section(f"confirmed by <@{body['user']['id']}>")]
        client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="confirmed", blocks=done
        )

    @app.action("correct")
    def correct(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(body["channel"]["id"]))

    @app.options("label")
    def offer(ack: Ack, payload: Json) -> None:
        ack(options=[option(label) for label in LABELS if payload["value"] in label])

    @app.view("correction")
    def take(ack: Ack, body: Json, view: Json, client: WebClient) -> None:
        values = view["state"]["values"]
        why, label = values["why"]["text"]["value"], values["label"]["label"]["selected_option"]["value"]
        if len(why) < 5:
            ack(response_action="errors", errors={"why": "Please say a little more."})
            return
        ack()
        client.chat_postEphemeral(
            channel=view["private_metadata"], user=body["user"]["id"], text=f"Saved: *{label}*, because {why}"
        )

    @app.command("/corrigible")
    def status(ack: Ack, command: Json) -> None:
        ack(f"You asked for {command['text']}")

    return app


def card() -> list[Json]:
    buttons = [
        button("confirm", "Right"),
        button("correct", "Correct it"),
        button("unheard", "Nobody listens"),
    ]
    return [section("*bug report*"), {"type": "actions", "block_id": "verdict", "elements": buttons}]


def modal(channel: str) -> Json:
    select = {"type": "external_select", "action_id": "label", "min_query_length": 0}
    text = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    return {
        "type": "modal",
        "callback_id": "correction",
        "private_metadata": channel,
        "title": plain("Correct the label"),
        "submit": plain("Save"),
        "blocks": [
            {"type": "input", "block_id": "label", "label": plain("Right label"), "element": select},
            {"type": "input", "block_id": "why", "label": plain("Why"), "element": text},
        ],
    }


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str, text: str) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": "1"}


def option(label: str) -> Json:
    return {"text": plain(label), "value": label}


def opened(page: Page, address: str, person: str = "ana") -> Page:
    page.goto(f"{address}#channel=support&user={person}")
    expect(page.get_by_test_id("bot-status")).to_have_text("corrigible is connected")
    return page


def write(page: Page, text: str) -> Locator:
    """Send `text`, and give the message as it then stands in the channel."""
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")
    sent = page.get_by_test_id("message").filter(has_text=text).last
    expect(sent).to_be_visible()
    return sent


def replies(page: Page, message: Locator) -> Locator:
    """What is shown below a message, of its thread."""
    return page.get_by_test_id("timeline").locator(f"[data-thread-ts='{message.get_attribute('data-ts')}']")


def open_modal(page: Page, text: str) -> Locator:
    replies(page, write(page, text)).locator("[data-action-id=correct]").click()
    dialog = page.get_by_test_id("modal")
    expect(dialog.get_by_role("heading")).to_have_text("Correct the label")
    return dialog


def test_the_bots_card_stands_below_the_message_that_it_answers(page: Page) -> None:
    message = write(page, "The export crashes")

    expect(replies(page, message).get_by_test_id("card").locator("strong")).to_have_text("bug report")
    expect(replies(page, message).get_by_test_id("reply-count")).to_have_text("1 reply")


def test_a_click_is_told_to_the_bot_and_the_card_changes(page: Page) -> None:
    shown = replies(page, write(page, "The import crashes"))

    shown.get_by_role("button", name="Right").click()

    expect(shown.get_by_test_id("card")).to_have_text("confirmed by @ana")


def test_a_click_that_nobody_acknowledges_says_so(page: Page) -> None:
    shown = replies(page, write(page, "The login crashes"))

    shown.locator("[data-action-id=unheard]").click()

    expect(shown.locator("[data-action-id=unheard]")).to_have_attribute("aria-busy", "true")
    expect(shown.get_by_test_id("note")).to_contain_text("corrigible did not answer in time")


def test_a_modal_takes_a_searched_label_and_free_text_and_shows_the_bots_errors(page: Page) -> None:
    dialog = open_modal(page, "The invoice is wrong")

    dialog.get_by_role("combobox", name="Right label").press_sequentially("bill")
    expect(dialog.get_by_role("option")).to_have_text(["billing"])
    page.keyboard.press("Enter")
    dialog.locator("[data-action-id=text]").fill("hm")
    dialog.get_by_test_id("modal-submit").click()
    expect(dialog.locator("[data-block-id=why]").get_by_test_id("field-error").first).to_have_text(
        "Please say a little more."
    )
    dialog.locator("[data-action-id=text]").fill("it is about money")
    dialog.get_by_test_id("modal-submit").click()

    expect(dialog).not_to_be_visible()
    expect(page.locator(".ephemeral").last).to_contain_text("Saved: billing, because it is about money")


def test_a_modal_asks_for_what_is_missing_and_closes_on_escape(page: Page) -> None:
    dialog = open_modal(page, "The invoice is late")

    dialog.get_by_test_id("modal-submit").click()
    expect(dialog.get_by_test_id("field-error").first).to_have_text("Please complete this required field.")
    page.keyboard.press("Escape")

    expect(dialog).not_to_be_visible()


def test_whoever_is_chosen_writes_from_then_on(page: Page) -> None:
    page.get_by_test_id("user-switch").click()
    page.get_by_role("menuitemradio", name="Chloe Martin").click()
    expect(page.get_by_test_id("user-switch")).to_have_accessible_name("You are: Chloe")
    page.reload()

    expect(write(page, "Bonjour").locator(".name")).to_have_text("Chloe Martin")


def test_the_answer_to_a_command_is_seen_by_nobody_else(page: Page, address: str) -> None:
    page.get_by_test_id("composer").fill("/corrigible status")
    page.get_by_test_id("composer").press("Enter")
    expect(page.locator(".ephemeral").last).to_contain_text("Only visible to you")
    expect(page.locator(".ephemeral").last).to_contain_text("You asked for status")
    write(page, "Everybody reads this")

    opened(page, address, "ben")

    expect(page.get_by_test_id("message").filter(has_text="Everybody reads this")).to_be_visible()
    expect(page.get_by_test_id("message").filter(has_text="You asked for status")).to_have_count(0)


def test_markup_in_a_message_stays_text(page: Page) -> None:
    hostile = '<img src=x onerror="document.title=1"> <javascript:alert(1)|click> &lt;b&gt;'

    message = write(page, hostile)

    expect(message.locator(".content")).to_have_text(hostile)
    expect(message.locator(".content").locator("img, a, b")).to_have_count(0)


def test_arabic_runs_from_right_to_left(page: Page) -> None:
    text = write(page, "مرحبا، زر التصدير لا يعمل").locator(".content p")

    expect(text).to_have_attribute("dir", "auto")
    assert text.evaluate("node => node.matches(':dir(rtl)')")


def test_a_reply_written_in_the_thread_is_seen_in_the_channel_too(page: Page) -> None:
    message = write(page, "The search is slow")
    message.hover()
    message.get_by_test_id("reply-in-thread").click()

    page.get_by_test_id("thread-composer").fill("Since this morning")
    page.get_by_test_id("thread-send").click()

    expect(page.get_by_test_id("thread-pane").get_by_test_id("reply").last).to_contain_text("this morning")
    expect(replies(page, message).get_by_test_id("reply").last).to_contain_text("Since this morning")
    expect(replies(page, message).get_by_test_id("reply-count")).to_have_text("2 replies")


def test_a_lost_connection_is_said_and_made_up_for(page: Page, address: str) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/page/events*", pass_on)
    page.reload()
    expect(page.get_by_test_id("message").first).to_be_visible()
    sockets[-1].close()
    expect(page.get_by_role("status").filter(has_text="Connection lost")).to_be_visible()
    said = {"user": "U0BEN00002", "channel": "C0SUPPORT1", "text": "Did you hear that?"}
    page.request.post(f"{address}page/message", data=said)

    expect(page.get_by_test_id("message").filter(has_text="Did you hear that?")).to_be_visible()
    expect(page.locator("#banner")).to_be_hidden()


def test_on_a_narrow_screen_nothing_has_to_be_scrolled_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    write(page, "W" * 120)

    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_test_id("menu").click()
    page.get_by_test_id("channel-link").filter(has_text="random").click()
    expect(page.get_by_test_id("invite")).to_be_visible()
