"""The modals that answer shortcuts on a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block, ContextBlock, MarkdownTextObject

from bot.classification.card import NO_LABEL_FITS, model_said, sure, title, version
from bot.classification.correction_modal import CORRECT, inputs, own
from bot.classification.shortcuts import Glance
from bot.language.catalogues import _
from bot.slack.blocks import context, modal, section
from bot.slack.mrkdwn import as_name
from bot.slack.payloads import ButtonTarget, Json
from storage.messages.contents import Content
from storage.tables.feedback import Label

OTHERS = 3


def reading() -> Json:
    """What is shown until the model has read the message."""
    return _closed([section(_("Reading the message …"))])


def fault(reason: str) -> Json:
    """Why there is no answer."""
    return _closed([section(reason)])


def glance(seen: Glance, reason: str) -> Json:
    """What the model says of a message of which nothing is kept, and why it can't be corrected."""
    answer = f"{title(seen.label)} · {sure(seen.confidence)}" if seen.label else _(NO_LABEL_FITS)
    return _closed([section(answer), ContextBlock(elements=[MarkdownTextObject(text=reason)])])


@dataclass(frozen=True)
class Looking:
    """Who looks at the answer: the label that they chose themselves, and whether they see the model's version."""

    mine: Label | None = None
    is_operator: bool = False


ANYBODY = Looking()


def answer(content: Content, by: Looking = ANYBODY) -> Json:
    """What is said of a message, with all that is needed to correct it."""
    prediction = content.prediction
    assert prediction is not None
    told = _("settled by people") if content.settled else sure(prediction.confidence)
    answer = f"{title(content.shown)} · {told}" if content.shown else _(NO_LABEL_FITS)
    others = [
        f"{as_name(content.labels[label_id].name)} {share:.0%}"
        for label_id, share in prediction.ranked[: OTHERS + 1]
        if prediction.is_none or label_id != prediction.label_id
    ]
    told = model_said(content, prediction)
    if others:
        told += _("; then {labels}").format(labels=", ".join(others))
    if by.is_operator:
        told += " · " + _("model {version}").format(version=version(prediction))
    return modal(
        CORRECT,
        _("This message"),
        [
            section(answer),
            context(told),
            *inputs(content.shown),
            *own(content.message.id, by.mine),
        ],
        submit=_("Save"),
        close=_("Close"),
        metadata=str(ButtonTarget(content.message.id, content.message.meaning)),
    )


def bring(client: WebClient, view_id: str, view: Json) -> None:
    """Show another view in the place of one that may have been closed meanwhile."""
    try:
        client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if error.response.get("error") != "not_found":
            raise


def _closed(blocks: Sequence[Block]) -> Json:
    return modal(None, _("This message"), blocks, submit=None, close=_("Close"))
