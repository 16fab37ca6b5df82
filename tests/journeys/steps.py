"""What people do with cards in these journeys, and what they see."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, select

from bot.app.compose import Bot
from bot.context.schedule import Schedule
from local.slack.person import Person
from local.slack.setup.seed import BOT_ID, TEAM_ID
from storage.tables.database import Job
from storage.tables.feedback import Correction
from storage.tables.messages import Message
from storage.tables.models import Prediction
from tests.local.running import Slack, until
from tests.running import learned

Json = dict[str, Any]


def turn_on(somebody: Person, channel: str, mode: str = "reply") -> Json:
    """Turn the bot on in a channel; what it tells that person."""
    return somebody.command(channel, "/corrigible", f"on {mode}")


def card_on(somebody: Person, channel: str, text: str) -> Json:
    """Write a message; the bot's card on it."""
    return somebody.wait_for_reply(channel, somebody.write(channel, text))


def label_of(card: Json) -> str:
    """The label that a card shows."""
    return str(card["text"]).split(",")[0]


def choose(somebody: Person, view: Json, label: str) -> None:
    """Choose a label in a modal and send it."""
    [option] = [one for one in somebody.search(view, "label", label) if one["text"]["text"] == label]
    somebody.submit(view, {"label": {"label": {"type": "external_select", "selected_option": option}}})


def correct(somebody: Person, card: Json, label: str) -> None:
    """Choose another label for the message of a card."""
    choose(somebody, somebody.open_view(card, "change"), label)


def teach(somebody: Person, card: Json, label: str) -> Json:
    """Correct a card; what it shows then."""
    correct(somebody, card, label)
    return somebody.wait_for_change(card)


def settled(somebody: Person, card: Json, label: str) -> Json:
    """A card once it shows this label, whatever it shows until then."""
    while label_of(card) != label:
        card = somebody.wait_for_change(card)
    return card


def propose(somebody: Person, view: Json, name: str) -> Json:
    """Write the name of a new label into a modal and send it; the bot's answer."""
    written = {"type": "plain_text_input", "value": name}
    return somebody.submit(view, {"proposal": {"proposal": written}})


def until_learned(running: Bot, before: float) -> None:
    """Wait until the bot has learned something since `before`, which `learned` said."""
    until(lambda: learned(running) > before)


def unlearn(running: Bot) -> None:
    """Take back all that people said of labels, and wait until the bot has learned from nothing."""
    service, before = running.workspace.service, learned(running)
    with running.database.writing() as session:
        if not session.connection().execute(delete(Correction)).rowcount:
            return
    service.erased()
    until(lambda: learned(running) > before and service.overview(TEAM_ID).version.endswith("learned from: 0"))


def until_answered(running: Bot, slack: Slack) -> None:
    """Wait until the bot has heard all that was said, and owes nobody a card."""
    service = running.workspace.service
    until(lambda: all_heard(slack) and service.count_waiting() == 0 and service.count_due() == 0)


def all_heard(slack: Slack, channel: str | None = None) -> bool:
    """Did the bot acknowledge everything that was said in this channel, or anywhere?"""
    said = [one for one in slack.deliveries() if channel in (None, one["channel"])]
    return all(one["acknowledged_at"] for one in said)


def card_counts(slack: Slack, channel: str) -> Counter[str]:
    """How many cards each message of a channel has, by ts."""
    posts = [one for one in slack.messages(channel) if one.get("bot_id") == BOT_ID]
    return Counter(one["thread_ts"] for one in posts if one.get("thread_ts", one["ts"]) != one["ts"])


def texts_in(running: Bot, channel: str) -> list[str]:
    """The texts that the bot keeps of a channel, oldest first; empty if it erased one."""
    with running.database.reading() as session:
        kept = select(Message.text).where(Message.channel_id == channel).order_by(Message.ts)
        return list(session.exec(kept))


def predictions_in(running: Bot, channel: str) -> int:
    """How many messages of a channel the bot predicted."""
    with running.database.reading() as session:
        made = select(Prediction.id).join(Message).where(Message.channel_id == channel)
        return len(session.exec(made).all())


def reactions(slack: Slack, ts: str, channel: str) -> dict[str, list[str]]:
    """The emoji on a message, and who put them there."""
    [message] = [one for one in slack.messages(channel) if one["ts"] == ts]
    return {one["name"]: one["users"] for one in message.get("reactions", [])}


def make_due(running: Bot, job: str) -> None:
    """Let the time of a regular job come."""
    with running.database.writing() as session:
        session.connection().execute(update(Job).where(col(Job.name) == job).values(due_at=0.0))
    for part in running.workspace.workers:
        if isinstance(part, Schedule):
            part.tick()


def do(running: Bot, job: str) -> None:
    """Let the time of a regular job come, and wait until it is done."""
    make_due(running, job)
    until(lambda: _is_done(running, job))


def _is_done(running: Bot, job: str) -> bool:
    with running.database.reading() as session:
        found = session.get(Job, (TEAM_ID, job))
        return found is not None and not found.owner and found.due_at > time.time()
