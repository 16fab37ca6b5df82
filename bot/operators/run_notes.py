"""The notes in the operators' channel: how a training run goes, what was ruled, and what operators can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
)

from bot.language.catalogues import N_, _, many
from bot.operators import language_notice
from bot.operators.findings import findings, linked
from bot.slack.blocks import bar, context, message, person, section
from bot.slack.mrkdwn import inert
from bot.slack.payloads import Json
from bot.wording import channel_words
from learning.encoders.encoder import title
from storage.deliveries.undelivered import GivenUp
from storage.tables.deliveries import Notice
from storage.tables.feedback import Burst
from storage.tables.models import Decision, Grounds, Phase, Ruling, Run, TaskName

PROMOTE, ROLL_BACK, TRY_AGAIN = "promote", "roll_back", "try_again"
VERDICTS = {
    Phase.WAITING: N_("waits"),
    Phase.TRAINING: N_("trains"),
    Phase.SHADOW: N_("runs in shadow"),
    Phase.PROMOTED: N_("was promoted"),
    Phase.REFUSED: N_("was refused"),
    Phase.FAILED: N_("failed"),
}
TRAINING = {TaskName.CLASSIFICATION: N_("Training"), TaskName.SUMMARIZATION: N_("Training the summarizer")}
RULED = {
    Decision.PROMOTE: N_("v{challenger} takes the place of v{champion}"),
    Decision.REFUSE: N_("v{challenger} is refused, v{champion} stays"),
    Decision.GO_ON: N_("v{challenger} runs in shadow beside v{champion}"),
    Decision.ROLL_BACK: N_("v{challenger} is back in the place of v{champion}"),
}
BY = {
    Grounds.HOLDOUT: N_("on messages held out for comparison"),
    Grounds.DUEL: N_("by people's answers"),
    Grounds.WATCH: N_("by its corrections"),
    Grounds.SWAP: N_("when it was loaded"),
    Grounds.PERSON: N_("by a person"),
}


def run_note(run: Run, in_service: set[int], links: Mapping[str, str] | None = None) -> Json:
    """Arguments of chat.postMessage and chat.update for a run. links: addresses of messages that it reports."""
    heading = _heading(run)
    blocks: list[Block] = [section(f"*{heading}*\n{_why(run)}")]
    if run.phase in (Phase.WAITING, Phase.TRAINING):
        blocks.append(section(f"`{bar(run.done)}` {run.done:.0%} · {inert(run.stage)}"))
    else:
        blocks.append(section(inert(run.stage)))
    blocks += [context(linked(one, links or {}, run.id)) for one in findings(run.report)]
    if run.version and run.version not in in_service and run.phase is not Phase.FAILED:
        blocks.append(ActionsBlock(elements=[promote_button(run.version)]))
    return message(f"{heading}. {inert(run.stage)}", blocks)


def _heading(run: Run) -> str:
    became = _(VERDICTS[run.phase])
    name = f"v{run.version}" if run.version else _("a challenger")
    if run.encoder is None:
        return f"{_(TRAINING[run.task])}: {name} {became}"
    switching = _("Switching to {encoder}").format(encoder=inert(title(run.encoder)))
    if run.phase in (Phase.WAITING, Phase.TRAINING):
        return switching
    return f"{switching}: {name} {became}" if run.version else f"{switching}: {became}"


def ruling_note(ruling: Ruling, in_service: set[int], groups: Iterable[str] = ()) -> Json:
    """Arguments of chat.postMessage for a ruling. groups: lines on groups of messages, as mrkdwn."""
    what = _(RULED[ruling.decision]).format(challenger=ruling.challenger, champion=ruling.champion)
    what = _("Summaries: {what}").format(what=what) if ruling.task is TaskName.SUMMARIZATION else what
    by = _("by {person}").format(person=f"<@{ruling.made_by}>") if ruling.made_by else _(BY[ruling.grounds])
    blocks: list[Block] = [section(f"*{what}*, {by}\n{inert(ruling.reason)}")]
    blocks += [context(line) for line in groups]
    if ruling.decision is Decision.PROMOTE and ruling.challenger in in_service:
        blocks.append(ActionsBlock(elements=[roll_back_button(ruling.challenger)]))
    return message(f"{what}: {inert(ruling.reason)}", blocks)


def burst_note(burst: Burst) -> Json:
    """Arguments of chat.postMessage for corrections that are held back."""
    given = many("{number} correction", "{number} corrections", burst.corrections)
    text = _("I am holding back {corrections} by {person}. Keep or discard them on my Home tab.").format(
        corrections=given, person=person(burst.user_id)
    )
    return {"text": text, "blocks": [section(text).to_dict()]}


def given_up_note(notice_id: str, one: GivenUp) -> Json:
    """Arguments of chat.postMessage for what Slack refused for good."""
    text = channel_words.given_up(one)
    again = ButtonElement(
        text=_("Try again"),
        action_id=TRY_AGAIN,
        value=notice_id,
        accessibility_label=_("Try again what was given up in this channel"),
    )
    return message(text, [section(text), ActionsBlock(elements=[again])])


def foreign_note(notice: Notice) -> Json:
    """Arguments of chat.postMessage for messages in languages that the encoder doesn't know."""
    return message(language_notice.said(notice), language_notice.told(notice, language_notice.SWITCH))


def plain_note(text: str) -> Json:
    """Arguments of chat.postMessage for news without buttons."""
    return message(text, [section(text)])


def promote_button(number: int) -> ButtonElement:
    return ButtonElement(
        text=_("Promote anyway"),
        action_id=PROMOTE,
        value=str(number),
        accessibility_label=_("Promote anyway: put v{version} into service").format(version=number),
        confirm=ConfirmObject(
            title=_("Promote anyway?"),
            text=_("v{version} answers from now on. You can roll back at any time.").format(version=number),
            confirm=_("Promote"),
            deny=_("Cancel"),
        ),
    )


def roll_back_button(number: int) -> ButtonElement:
    return ButtonElement(
        text=_("Roll back"),
        action_id=ROLL_BACK,
        value=str(number),
        style="danger",
        accessibility_label=_("Roll back: take v{version} out of service").format(version=number),
        confirm=ConfirmObject(
            title=_("Roll back?"),
            text=_("The version before v{version} answers again from now on.").format(version=number),
            confirm=_("Roll back"),
            deny=_("Cancel"),
        ),
    )


def _why(run: Run) -> str:
    if run.asked_by.startswith(("U", "W")):
        return _("asked for by {person}").format(person=f"<@{run.asked_by}>")
    return _("because of: {cause}").format(cause=inert(run.cause))
