"""A question to the user who gave a suspicious label, as they alone see it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, MarkdownTextObject, SectionBlock

from bot.classification.card import CHANGE, CHOOSE, RIGHT, title
from bot.language.catalogues import _
from bot.slack.mrkdwn import as_name, as_plain_name, plain_text
from bot.slack.payloads import ButtonTarget, Json
from storage.messages.label_questions import LabelQuestionAsked
from storage.tables.feedback import Label, Outcome

DECLINE = "ask_me_no_more"
ACCEPT = "ask_me_again"
BLOCK = "label_question"
# The only value that these two buttons need: who pressed them says it all.
ME = "me"
LABEL_MOST = 50  # characters of a label on a button, beside other words


def question(asking: LabelQuestionAsked, link: str) -> Json:
    """Ask whether a label is right, or the suggested one. `link`: the message's address."""
    given, suggested = asking.given, asking.suggested
    told = _("You chose {given} for <{link}|this message>, but it looks like {suggested}. Which is right?")
    blocks: list[Block] = [
        _section(told.format(given=title(given), link=link, suggested=title(suggested))),
        ActionsBlock(block_id=BLOCK, elements=_buttons(asking)),
    ]
    heard = _("You chose {given} for a message that looks like {suggested}. Which is right?")
    return _message(
        heard.format(given=as_name(given.name), suggested=as_name(suggested.name)),
        blocks,
    )


def _buttons(asking: LabelQuestionAsked) -> list[ButtonElement]:
    message = asking.message
    keep = _("Keep {label}").format(label=as_plain_name(asking.given.name, LABEL_MOST))
    change = _("Change to {label}").format(label=as_plain_name(asking.suggested.name, LABEL_MOST))
    other = _("Other…")
    return [
        _button(RIGHT, keep, str(ButtonTarget(message.id, message.meaning, asking.given.id))),
        _button(f"{CHOOSE}_0", change, str(ButtonTarget(message.id, message.meaning, asking.suggested.id))),
        _button(
            CHANGE,
            other,
            str(ButtonTarget(message.id, message.meaning)),
            _("Choose another label for this message"),
        ),
        _button(DECLINE, _("Don't ask me again"), ME),
    ]


def _button(action: str, words: str, value: str, spoken: str | None = None) -> ButtonElement:
    return ButtonElement(text=plain_text(words), action_id=action, value=value, accessibility_label=spoken)


def ended(outcome: Outcome, label: Label | None, link: str) -> Json:
    """What stands in the place of a question. `label`: the one that its user says is right now, None if none."""
    if outcome is Outcome.DECLINED:
        return declined()
    if label is None:
        return _text(_("You took back what you said of <{link}|this message>.").format(link=link))
    kept = _("You kept {label} for <{link}|this message>.")
    changed = _("You chose {label} for <{link}|this message>.")
    told = kept if outcome is Outcome.KEPT else changed
    return _text(told.format(label=title(label), link=link))


def declined() -> Json:
    """Say that this user is asked no more, and offer the way back."""
    told = _("I won't ask you about your labels any more.")
    again = _button(ACCEPT, _("Ask me again"), ME)
    return _message(told, [_section(told), ActionsBlock(block_id=BLOCK, elements=[again])])


def accepted() -> Json:
    """Say that this user is asked again."""
    return _text(_("I will ask you again when a label of yours looks wrong."))


def _text(told: str) -> Json:
    return _message(told, [_section(told)])


def _section(told: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=told))


def _message(text: str, blocks: Sequence[Block]) -> Json:
    return {"text": text, "blocks": [block.to_dict() for block in blocks]}
