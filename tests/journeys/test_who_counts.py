"""Who counts as a user: people, in whatever way their words come, and apps only where a channel wants that."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import BOT_ID, BOT_USER_ID, DIRECT_MESSAGES, PEOPLE
from storage.tables.feedback import Correction
from storage.tables.messages import Message
from tests.journeys.pages import take_picture, write
from tests.journeys.steps import card_counts, card_on, label_of, reactions, texts_in, turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import ANA, BEN, SUPPORT

Json = dict[str, Any]

CRASH = "The export crashes with an error"
DEPLOYS = "U0DEPLOYS1"
OF_DEPLOYS = {"bot_id": "B0DEPLOYS1", "app_id": "A0DEPLOYS1"}
WORKFLOW = {"subtype": "bot_message", "bot_id": "B0WORKFLOW", "username": "Report a problem"}
IN_ANAS_NAME = {"user": ANA, "bot_id": "B0ZAPIER01", "app_id": "A0ZAPIER01"}
# What never counts, whatever a channel chose.
NOBODYS: list[Json] = [
    {"user": DEPLOYS, **OF_DEPLOYS},
    {"user": "USLACKBOT", "bot_id": "B01", "text": f"Reminder: {CRASH}."},
    {"user": "USLACKBOT", "subtype": "slackbot_response"},
    {"user": BOT_USER_ID, "bot_id": BOT_ID},
    {"subtype": "bot_message", "bot_id": BOT_ID},
    {"user": ANA, "subtype": "channel_join"},
    {"user": ANA, "subtype": "huddle_thread"},
]
LINK = "https://corrigible-hq.slack.com/archives/C9/p1700000000000100"


@pytest.fixture
def apps(slack: Slack) -> Slack:
    """A workspace in which another app is, too."""
    slack.app(DEPLOYS)
    return slack


def answered(running: Bot, slack: Slack, channel: str, *posts: Json) -> list[bool]:
    """Post these, and wait until the bot owes nobody a card: which of them have one?"""
    written = [slack.post(channel, **{"text": CRASH, **post}) for post in posts]
    until_answered(running, slack)
    counts = card_counts(slack, channel)
    assert max(counts.values(), default=0) <= 1
    return [counts[ts] == 1 for ts in written]


def corrections_in(running: Bot, channel: str) -> list[str]:
    """Who corrected something in a channel."""
    with running.database.reading() as session:
        said = select(Correction.user_id).join(Message).where(Message.channel_id == channel)
        return sorted(session.exec(said))


def test_posts_by_apps_are_ignored_unless_a_channel_includes_them(
    running: Bot, apps: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    assert answered(running, apps, channel, WORKFLOW, IN_ANAS_NAME, *NOBODYS) == [False] * (2 + len(NOBODYS))
    assert texts_in(running, channel) == []
    pointed = ana.point(channel, apps.post(channel, text=CRASH, **WORKFLOW), "classify_message")
    assert "an app's" in str(pointed)
    assert "including workflows" in ana.command(channel, "/corrigible", "status")["text"]

    told = turn_on(ana, channel, "reply including workflows")
    by_apps = answered(running, apps, channel, WORKFLOW, IN_ANAS_NAME, *NOBODYS)

    assert by_apps == [True, True, *(False for _ in NOBODYS)]
    assert "Posts by workflows" in told["text"]
    assert "count as messages" in ana.command(channel, "/corrigible", "status")["text"]


def test_what_an_app_posts_in_a_thread_is_never_answered_and_a_loop_ends(
    running: Bot, apps: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "reply including workflows")
    parent = ana.write(channel, CRASH)
    mention = f"<@{BOT_USER_ID}> {CRASH}"
    replies = [{**who, "thread_ts": parent, "text": mention} for who in (WORKFLOW, IN_ANAS_NAME)]
    for reply in replies:
        apps.post(channel, **reply)
    loop = answered(running, apps, channel, *[WORKFLOW] * 30)

    assert card_counts(apps, channel)[parent] == 1
    assert sum(loop) == 20


def test_an_edited_post_of_a_workflow_is_read_again(
    running: Bot, apps: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "reply including workflows")
    post = {"channel": channel, "channel_type": "channel", "type": "message"}
    ts = apps.post(channel, text=CRASH, **WORKFLOW)
    until_answered(running, apps)
    edited = {**WORKFLOW, "type": "message", "ts": ts, "text": "I want a refund for this invoice"}
    changed = {**edited, "edited": {"user": WORKFLOW["bot_id"], "ts": f"{float(ts) + 1:.6f}"}}
    apps.fault("event", event={**post, "subtype": "message_changed", "message": changed, "ts": ts})

    until(lambda: texts_in(running, channel) == [edited["text"]])


def test_who_asks_by_an_app_is_told_why_nothing_follows(
    running: Bot, apps: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    mention = f"<@{BOT_USER_ID}> {CRASH}"
    apps.post(channel, text=mention, user=DEPLOYS, **OF_DEPLOYS)
    apps.post(channel, text=mention, **IN_ANAS_NAME)
    told = ana.wait_for_whisper(channel)["text"]

    assert "posted this in your name" in told
    assert "including workflows" in told
    assert answered(running, apps, channel) == []
    assert card_counts(apps, channel) == {}


def test_reactions_of_apps_are_no_corrections(
    running: Bot, apps: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, CRASH)
    until(lambda: BOT_USER_ID in reactions(apps, ts, channel).get("bug", []))
    for somebody in (DEPLOYS, "USLACKBOT"):
        apps.fault("react", channel=channel, ts=ts, name="bug", user=somebody)
    apps.fault("method", method="users.info", kind="error", error="internal_error", times=1)
    ben.react(channel, ts, "bug")  # who that is can't be told at first, so it waits until it can

    until(lambda: corrections_in(running, channel) == [BEN])


def test_a_forwarded_message_is_read_and_an_unfurled_link_is_not(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    share = {"is_share": True, "is_msg_unfurl": True, "from_url": LINK, "text": CRASH, "author_id": BEN}
    unfurl = {"is_msg_unfurl": True, "from_url": LINK, "text": "I want a refund for this invoice"}
    fallback = {"is_share": True, "fallback": f"[May 1st, 2026 9:00 AM] ben: {CRASH}"}
    with_comment = {"user": ANA, "text": "who can look at this?", "attachments": [share]}
    rich = [{"type": "rich_text_section", "elements": [{"type": "text", "text": CRASH}]}]
    posts: list[Json] = [
        {"user": ANA, "text": "", "attachments": [share]},
        with_comment,
        {"user": ANA, "text": "", "attachments": [fallback]},
        {"user": ANA, "text": f"See <{LINK}> please", "attachments": [unfurl]},
        {"user": ANA, "text": "", "blocks": [{"type": "rich_text", "elements": rich}]},
        {"user": ANA, "text": "", "attachments": [unfurl | {"is_msg_unfurl": False}]},
        {"user": ANA, "text": "", "files": [{"id": "F1", "name": "screen.png"}], "subtype": "file_share"},
    ]

    assert answered(running, slack, channel, *posts) == [True] * 5 + [False] * 2
    whole = f"who can look at this?\n{CRASH}"
    assert texts_in(running, channel) == [CRASH, whole, CRASH, f"See {LINK} please", CRASH]


def test_in_a_group_direct_message_mentions_are_answered_and_members_turn_it_on(
    running: Bot, slack: Slack, ana: Person, ben: Person
) -> None:
    group = slack.group(BEN)
    mention = ana.write(group, f"<@{BOT_USER_ID}|corrigible> {CRASH}")
    assert label_of(ana.wait_for_reply(group, mention)) == "bug"
    ignored = ben.write(group, "The import crashes too")

    turn_on(ben, group)
    assert label_of(card_on(ana, group, "The login crashes as well")) == "bug"

    assert card_counts(slack, group)[ignored] == 0
    assert "turned Corrigible on" in str(slack.messages(group))


def test_a_group_with_a_forwarded_message_is_seen_on_the_page(
    running: Bot, slack: Slack, ana: Person, page: Page
) -> None:
    page.goto(f"{slack.url}/#channel={SUPPORT}&user=ana")
    page.get_by_test_id("add-group").click()
    page.get_by_label("With whom?").fill("Chloe, @dev")
    page.get_by_test_id("confirm").click()
    expect(page.locator("#channel-name")).to_have_text("chloe, dev, corrigible")
    group = slack.group(PEOPLE["chloe"], PEOPLE["dev"])
    turn_on(ana, group)
    share = {"is_share": True, "text": "My invoice has the wrong price", "author_id": BEN, "from_url": LINK}
    slack.post(group, user=ANA, text="From a customer:", attachments=[share])
    expect(page.get_by_test_id("reply").filter(has_text="billing")).to_be_visible()
    take_picture(page, "group.png")
    write(page, f":collision: {CRASH}")
    expect(page.get_by_role("img", name="collision").first).to_have_text("💥")
    expect(page.get_by_test_id("reply").filter(has_text="bug")).to_be_visible()


def test_replies_in_the_thread_of_a_direct_message_are_answered(
    running: Bot, slack: Slack, ana: Person
) -> None:
    direct = DIRECT_MESSAGES["ana"]
    first = ana.write(direct, CRASH)
    assert label_of(ana.wait_for_reply(direct, first)) == "bug"
    ana.write(direct, "I want a refund for this invoice", first)

    assert label_of(ana.wait_for_reply(direct, first)) == "billing"
