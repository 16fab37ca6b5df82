"""The App Home as Slack shows it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.card import title
from bot.home import Look
from bot.mrkdwn import clipped, escape
from bot.note import bar
from bot.payloads import Json
from storage.record import Stretch
from storage.tables import Mode

RETRAIN, ROLL_BACK, ANNOTATE = "home_retrain", "home_roll_back", "home_annotate"
SETTINGS, EDIT_LABELS = "home_settings", "home_edit_labels"
OPERATE = "operate"  # always the same, so that a button works although the view was published again
MODES = {
    Mode.OFF: "off",
    Mode.ASK: "asks where it is not sure",
    Mode.REPLY: "answers every message",
    Mode.QUIET: "puts the label's emoji on every message",
}
CHANNELS_MOST = 40
LABELS_MOST = 60
TEXT_MOST = 2_900


def home_view(look: Look, argilla_url: str | None, notice: str = "") -> Json:
    """A view for views.publish. `notice`: what became of the button that was pressed."""
    blocks: list[Block] = [
        *([_section(f"*{escape(notice)}*")] if notice else []),
        HeaderBlock(text="How right it is"),
        *_record(look),
        HeaderBlock(text="Where it is on"),
        _section(
            "\n".join(_channels(look)) or "Nowhere yet. `/corrigible on` in a channel turns it on there."
        ),
        HeaderBlock(text="The model"),
        *_model(look),
        HeaderBlock(text="Labels"),
        _section("\n".join(_labels(look)) or "There are none yet."),
        *([_editing()] if look.is_operator else []),
        HeaderBlock(text="For reviewers"),
        *_reviewers(look, argilla_url),
    ]
    return View(type="home", blocks=blocks).to_dict()


def _record(look: Look) -> list[Block]:
    lines = [_line(week, when) for week, when in zip(look.weeks, _weeks(), strict=True)]
    text = "\n".join([*lines, _line(look.month, "the last 30 days")])
    told = (
        f"{_count(look.answers, 'message')} labelled, {_count(look.words, 'word')} of people on them. An answer counts "
        "as right when somebody confirmed it, or nobody corrected it for a day."
    )
    return [_section(text), _context(told)]


def _weeks() -> list[str]:
    return ["the last 7 days", "the week before", "the week before that", "the week before that one"]


def _line(stretch: Stretch, when: str) -> str:
    accuracy = stretch.accuracy
    if accuracy is None:
        return f"`{bar(0.0)}` nothing to count in {when}"
    return (
        f"`{bar(accuracy)}` {accuracy:.0%} right in {when}: {stretch.right} right, {stretch.wrong} corrected"
    )


def _channels(look: Look) -> list[str]:
    """As marks: Slack shows a private channel's name to those alone who are in it."""
    lines = []
    for channel in look.channels[:CHANNELS_MOST]:
        kept = f", kept for {_count(channel.keep_days, 'day')}" if channel.keep_days else ""
        also = ", summaries on" if channel.channel_id in look.summaries else ""
        lines.append(f"• <#{channel.channel_id}>: {MODES[channel.mode]}{also}{kept}")
    shown = {channel.channel_id for channel in look.channels}
    lines += [f"• <#{one}>: summaries on" for one in look.summaries if one not in shown]
    more = len(look.channels) - CHANNELS_MOST
    return [*lines, f"… and {more} more"] if more > 0 else lines


def _model(look: Look) -> list[Block]:
    if look.version is None:
        return [_section("None yet.")]
    lines = [f"*v{look.version.number}* is in service, since {_time(look.version.created_at)}."]
    if look.promotion:
        reason = f": {escape(look.promotion.reason)}"
        lines = [
            f"*v{look.version.number}* is in service, since {_time(look.promotion.made_at)}, in the place of "
            f"v{look.promotion.champion}{reason}"
        ]
    if look.run:
        lines.append(f"A new version is on its way: {escape(look.run.stage or look.run.phase.value)}.")
    elif look.retraining_at:
        lines.append(
            f"It looks for something new to learn {_time(look.retraining_at)}, and whenever enough is new."
        )
    return [_section("\n".join(lines)), *([_buttons(look)] if look.is_operator else [])]


def _buttons(look: Look) -> ActionsBlock:
    assert look.version is not None
    retrain = ButtonElement(
        text="Retrain now", action_id=RETRAIN, value="now", accessibility_label="Train a new version now"
    )
    roll_back = ButtonElement(
        text="Roll back",
        action_id=ROLL_BACK,
        value=str(look.version.number),
        style="danger",
        accessibility_label=f"Roll back: take v{look.version.number} out of service",
        confirm=ConfirmObject(
            title="Roll back?",
            text=f"The version before v{look.version.number} answers again from now on.",
            confirm="Roll back",
            deny="Cancel",
        ),
    )
    settings = ButtonElement(
        text="Settings", action_id=SETTINGS, value="now", accessibility_label="Change settings of the bot"
    )
    return ActionsBlock(
        block_id=OPERATE, elements=[retrain, *([roll_back] if look.promotion else []), settings]
    )


def _editing() -> ActionsBlock:
    edit = ButtonElement(
        text="Edit labels",
        action_id=EDIT_LABELS,
        value="now",
        accessibility_label="Add, change or retire a label",
    )
    return ActionsBlock(block_id=EDIT_LABELS, elements=[edit])


def _labels(look: Look) -> list[str]:
    counted = sorted(look.labels, key=lambda label: -look.chosen.get(label.id, 0))
    lines = [f"• {title(label)}: chosen {_count(look.chosen.get(label.id, 0), 'time')}" for label in counted]
    shown: list[str] = []
    for line in lines[:LABELS_MOST]:
        if sum(map(len, shown)) + len(shown) + len(line) > TEXT_MOST - 50:
            break
        shown.append(line)
    more = len(lines) - len(shown)
    return [*shown, f"… and {more} more"] if more else shown


def _reviewers(look: Look, argilla_url: str | None) -> list[Block]:
    if argilla_url is None:
        return [_section("Nobody reviews: no Argilla is connected.")]
    wait = _section(
        f"{_count(look.open_questions, 'message')} wait{'s' * (look.open_questions == 1)} for a first answer."
    )
    link = ButtonElement(
        text="Open Argilla",
        action_id=ANNOTATE,
        url=argilla_url,
        accessibility_label="Open Argilla in the browser",
    )
    return [wait, ActionsBlock(elements=[link])]


def _time(at: float) -> str:
    """A moment in the reader's own time zone."""
    return f"<!date^{int(at)}^{{date_short_pretty}} at {{time}}|some time>"


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=clipped(text, TEXT_MOST)))


def _context(text: str) -> ContextBlock:
    elements: Sequence[MarkdownTextObject] = [MarkdownTextObject(text=text)]
    return ContextBlock(elements=elements)
