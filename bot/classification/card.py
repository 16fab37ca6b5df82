"""The card: the bot's answer in the thread of a message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
)

from bot.language.catalogues import N_, _, many
from bot.slack.blocks import message, person, section
from bot.slack.mrkdwn import as_name, as_plain_name, plain_text
from bot.slack.payloads import ButtonTarget, Json
from bot.web_api import replies
from learning.heads.offering import OFFERED
from storage.feedback.corrections import Spoken
from storage.feedback.responses import Verdict
from storage.messages.contents import Content
from storage.tables.feedback import Label, Word
from storage.tables.messages import Message, Mode
from storage.tables.models import Prediction

RIGHT = "right"
CHANGE = "change"
CHOOSE = "choose"
UNDO = "undo"
ACTIONS = "actions"
METADATA = "corrigible_card"
CLOSEST = 2
NAMED = 5
NO_WORDS = N_(
    "None of my labels: I read words, and this message has none. Write what I should classify, or try "
    "`/corrigible help`."
)
NO_LABEL_FITS = N_("None of my labels fits this message.")
SAID = {
    Word.CONFIRMED: N_("{person} confirmed {label}"),
    Word.CHANGED: N_("{person} chose {label}"),
    Word.PROPOSED: N_("{person} proposed {label}"),
    Word.REACTED: N_("{person} chose, by a reaction, {label}"),
}


def card(content: Content) -> Json:
    """Arguments of chat.postMessage and chat.update: `text` for screen readers and notifications, and `blocks`."""
    prediction = content.prediction
    if prediction is None:
        return message(_(NO_WORDS), [section(_(NO_WORDS))])
    if content.verdict and content.verdict.is_discarded:
        return _set_aside(content, prediction, content.verdict)
    if content.settled:
        return _corrected(content, prediction, content.labels[content.settled])
    if content.still:
        return _still(content, prediction, content.labels[content.still])
    if content.choice:
        return _question(content, prediction, _in_any_order(content.message.id, content.choice))
    if prediction.is_none:
        return _none(content, prediction)
    if content.message.mode is Mode.ASK:
        offered = prediction.ranked[: prediction.offered or OFFERED]
        return _question(content, prediction, [label_id for label_id, _ in offered])
    return _answer(content, prediction)


def metadata(message_id: str) -> Json:
    """By this the card of a message is found again in its thread, should we not know whether it was posted."""
    return replies.metadata(METADATA, "message_id", message_id)


def title(label: Label) -> str:
    """A label as mrkdwn: emoji and name."""
    return f"{label.emoji} *{as_name(label.name)}*".strip()


def version(prediction: Prediction) -> str:
    return f"v{prediction.version}.{prediction.revision}"


def sure(confidence: float) -> str:
    """How sure the model is, in words."""
    # A model is never quite certain, whatever rounding says.
    return _("{share} sure").format(share=f"{min(confidence, 0.99):.0%}")


def _answer(content: Content, prediction: Prediction) -> Json:
    label = content.labels[prediction.label_id]
    told = sure(prediction.confidence)
    said = f"{title(label)} · {told}{_cut(prediction)}"
    blocks = [section(_lines(said, _earlier(content))), _buttons(content, label)]
    return message(f"{as_name(label.name)}, {told}", blocks)


def question_to_one(content: Content, link: str) -> Json:
    """Ask one user whether the label that they chose before an edit still fits. `link`: the message's address."""
    label = content.labels[str(content.still)]
    asked = _("<{link}|This message> was edited. Still {label}?").format(link=link, label=title(label))
    return _asking(content, label, _lines(asked, _earlier(content)))


def none_of_these() -> str:
    """Say in words that no label fits."""
    return _("none of my labels")


def model_said(content: Content, prediction: Prediction) -> str:
    """Say in words what the model predicted: the label and how sure it is, or that none fits."""
    if prediction.is_none:
        return _("I said that none of my labels fits")
    label = as_name(content.labels[prediction.label_id].name)
    return _("I said {label}, {sure}").format(label=label, sure=sure(prediction.confidence))


def _none(content: Content, prediction: Prediction) -> Json:
    closest = [content.labels[label_id] for label_id, _share in prediction.ranked[:CLOSEST]]
    names = ", ".join(as_name(label.name) for label in closest)
    near = _("Closest: {labels}").format(labels=", ".join(title(label) for label in closest))
    blocks: list[Block] = [
        section(_lines(f"{_(NO_LABEL_FITS)} {near}{_cut(prediction)}", _earlier(content))),
        ActionsBlock(
            block_id=ACTIONS,
            elements=[*_choices(content.message, closest), _change(content.message, _("New label…"))],
        ),
    ]
    return message(_("None of my labels fits. Closest: {labels}").format(labels=names), blocks)


def _choices(message: Message, offered: Sequence[Label]) -> list[ButtonElement]:
    return [
        ButtonElement(
            text=plain_text(label.name),
            action_id=f"{CHOOSE}_{number}",
            value=_value(message, label),
            accessibility_label=_("This message is: {label}").format(label=as_plain_name(label.name))[:75],
        )
        for number, label in enumerate(offered)
    ]


def _still(content: Content, prediction: Prediction, label: Label) -> Json:
    asked = _("Still {label}?").format(label=title(label))
    return _asking(content, label, _lines(asked, _earlier(content), _said(content, prediction)))


def _asking(content: Content, label: Label, asked: str) -> Json:
    yes = ButtonElement(
        text=_("Yes"),
        action_id=RIGHT,
        value=_value(content.message, label),
        accessibility_label=_("Yes, this message is still: {label}").format(label=as_plain_name(label.name))[
            :75
        ],
    )
    blocks: list[Block] = [
        section(asked),
        ActionsBlock(block_id=ACTIONS, elements=[yes, _change(content.message, _("Change"))]),
    ]
    return message(_("The message was edited. Still {label}?").format(label=as_name(label.name)), blocks)


def _earlier(content: Content) -> str:
    """Return what was said of an earlier text, which no longer counts; empty if nothing was."""
    said = _named(content.earlier_words, content.labels)
    verdict = content.earlier_verdict
    if verdict and verdict.label_id:
        label = f"*{as_name(content.labels[verdict.label_id].name)}*"
        said.append(_("reviewers chose {label}").format(label=label))
    return _("About an earlier text: {said}").format(said=" · ".join(said)) if said else ""


def _named(words: Sequence[Spoken], labels: dict[str, Label]) -> list[str]:
    """Name the first of these corrections, and how many more users there are."""
    said = [_word(word, labels) for word in words[:NAMED]]
    more = many("{number} more person", "{number} more people", len(words) - NAMED)
    return [*said, more] if len(words) > NAMED else said


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def _value(message: Message, label: Label) -> str:
    return str(ButtonTarget(message.id, message.meaning, label.id))


def _in_any_order(message_id: str, choice: tuple[str, str]) -> list[str]:
    """By nothing that tells which of the two is the champion's."""
    return sorted(choice, key=lambda label_id: hashlib.sha256((message_id + label_id).encode()).digest())


def _question(content: Content, prediction: Prediction, offers: list[str]) -> Json:
    offered = [content.labels[label_id] for label_id in offers]
    names = ", ".join(as_name(label.name) for label in offered)
    change = _change(content.message, _("Another…"))
    ask = ActionsBlock(block_id=ACTIONS, elements=[*_choices(content.message, offered), change])
    if content.choice:  # whoever is asked which of two models is right should not be led by one of them
        asked = _(" or ").join(title(label) for label in offered)
        told = _("Two models disagree on this message; your answer decides which of them stays.")
        said = f"{asked}? {told}{_cut(prediction)}"
        blocks: list[Block] = [section(_lines(said, _earlier(content))), ask]
        return message(_("Which label fits this message: {labels}?").format(labels=names), blocks)
    guess = _("My best guess is {label}, {sure}").format(
        label=as_name(content.labels[prediction.label_id].name), sure=sure(prediction.confidence)
    )
    asked = _("Which label fits this message?")
    blocks = [section(_lines(f"{asked} {guess}{_cut(prediction)}", _earlier(content))), ask]
    return message(_("Which label fits this message: {labels}, or another?").format(labels=names), blocks)


def _corrected(content: Content, prediction: Prediction, label: Label) -> Json:
    by = _settlers(content)
    blocks = [
        section(_lines(f"{title(label)} · {by}", _earlier(content), _said(content, prediction))),
        _buttons(content, label),
    ]
    return message(f"{as_name(label.name)}, {by}", blocks)


def _set_aside(content: Content, prediction: Prediction, verdict: Verdict) -> Json:
    by = many("Set aside by {number} reviewer", "Set aside by {number} reviewers", verdict.agreeing)
    so = _(": nothing is learned from this message")
    blocks: list[Block] = [section(_lines(f"{by}{so}", _earlier(content), _said(content, prediction)))]
    if content.words:
        blocks.append(ActionsBlock(block_id=ACTIONS, elements=[undo_button(content.message.id)]))
    return message(by, blocks)


def _settlers(content: Content) -> str:
    """Say how many agree with the label. Whoever disagrees is named beside it."""
    if content.verdict and not content.verdict.is_tied:
        return many("settled by {number} reviewer", "settled by {number} reviewers", content.verdict.agreeing)
    agreeing = sum(word.label_id == content.settled for word in content.words)
    return many("settled by {number} person", "settled by {number} people", agreeing)


def _said(content: Content, prediction: Prediction) -> str:
    """Return who said what, those who disagree first, and what the model had said."""
    words = sorted(content.words, key=lambda word: word.label_id == content.settled)
    told = _named(words, content.labels)
    if content.verdict and content.verdict.is_tied:
        told.append(_("reviewers disagree, and ask one more of them"))
    if content.verdict and content.verdict.against and not content.verdict.is_tied:
        against = content.verdict.against
        told.append(many("{number} reviewer disagrees", "{number} reviewers disagree", against))
    return " · ".join([*told, f"{model_said(content, prediction)}{_cut(prediction)}"])


def _word(word: Spoken, labels: dict[str, Label]) -> str:
    label = f"*{as_name(labels[word.label_id].name)}*"
    return _(SAID[word.word]).format(person=person(word.user_id), label=label)


def _cut(prediction: Prediction) -> str:
    return _(" · the message is long: I read only its beginning") if prediction.cut else ""


def _buttons(content: Content, label: Label) -> ActionsBlock:
    right = ButtonElement(
        text=_("Right"),
        action_id=RIGHT,
        value=_value(content.message, label),
        accessibility_label=_("Right: this message is {label}").format(label=as_plain_name(label.name))[:75],
    )
    elements = [right, _change(content.message, _("Change"))]
    if content.words:
        elements.append(undo_button(content.message.id))
    return ActionsBlock(block_id=ACTIONS, elements=elements)


def undo_button(message_id: str) -> ButtonElement:
    """Return the button by which a user undoes their own correction."""
    return ButtonElement(
        text=_("Undo"),
        action_id=UNDO,
        value=message_id,
        accessibility_label=_("Undo your own correction of this message"),
    )


def _change(message: Message, text: str) -> ButtonElement:
    return ButtonElement(
        text=text,
        action_id=CHANGE,
        value=str(ButtonTarget(message.id, message.meaning)),
        accessibility_label=_("Choose another label for this message"),
    )
