"""What people see of a shorter time for a channel's messages: the question, what the channel hears, and the undoing."""

from __future__ import annotations

from slack_sdk.models.blocks import ButtonElement, MarkdownTextObject, SectionBlock

from bot.language.catalogues import _, many
from bot.privacy.retention import RetentionPlan
from bot.slack.blocks import with_button
from bot.slack.mrkdwn import moment
from bot.slack.payloads import Json

CONFIRM, UNDO = "keep_confirm", "keep_undo"


def question(plan: RetentionPlan) -> Json:
    """What would be erased and when, and the button that confirms it."""
    until = _("Members of this channel can undo this until then.")
    button = ButtonElement(
        text=_("Erase older messages"),
        action_id=CONFIRM,
        value=f"{plan.days}:{plan.before or ''}:{int(plan.made_at)}",
        style="danger",
        accessibility_label=_("Erase older messages of this channel, from the time named on"),
    )
    return with_button(f"{_erased(plan)} {until}", button)


def announcement(plan: RetentionPlan, by: str) -> Json:
    """What the channel hears of it, with the button that undoes it."""
    who = _("{person} limited how long I keep messages here.").format(person=f"<@{by}>")
    how = _("Until then *Undo*, or `/corrigible keep undo`, keeps them.")
    button = ButtonElement(
        text=_("Undo"),
        action_id=UNDO,
        value="undo",
        accessibility_label=_("Undo: keep the messages of this channel as before"),
    )
    return with_button(f"{who} {_erased(plan)} {how}", button)


def done(text: str) -> Json:
    """What takes the place of a message with a button."""
    return {"text": text, "blocks": [SectionBlock(text=MarkdownTextObject(text=text)).to_dict()]}


def kept(days: int | None) -> str:
    """For how long messages are kept, as a sentence."""
    if days is None:
        return _("The messages of this channel are kept until somebody deletes them.")
    told = many(
        "The messages of this channel are kept for {number} day.",
        "The messages of this channel are kept for {number} days.",
        days,
    )
    then = _("What is older is erased every night: text, author and vector, here and in Argilla.")
    return f"{told} {then}"


def _erased(plan: RetentionPlan) -> str:
    what = many("{number} message will be erased", "{number} messages will be erased", plan.messages)
    older = many("older than {number} day", "older than {number} days", plan.days)
    told = _("*{what} {time}*: all that are {older} by then, here and in Argilla. From then on, every night.")
    return told.format(what=what, time=moment(plan.erased_at), older=older)
