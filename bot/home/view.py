"""The App Home as Slack shows it."""

from __future__ import annotations

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    HeaderBlock,
)
from slack_sdk.models.views import View

from bot.classification.card import title
from bot.home.contents import Look
from bot.home.held_view import held_blocks
from bot.language.catalogues import N_, _, many
from bot.operators import language_notice
from bot.operators.run_notes import BY
from bot.slack.blocks import bar, context, section
from bot.slack.mrkdwn import fitting, inert, moment
from bot.slack.payloads import Json
from bot.wording import accuracy_text, argilla_text
from bot.wording.channel_words import CLOSED
from learning.encoders.encoder import title as encoder_title
from learning.evaluation.accuracy import Accuracy
from learning.evaluation.agreement import Agreement
from storage.messages import channel_states
from storage.tables.messages import Mode
from storage.tables.models import Phase, Run

RETRAIN, ROLL_BACK, ANNOTATE = "home_retrain", "home_roll_back", "home_annotate"
SETTINGS, EDIT_LABELS = "home_settings", "home_edit_labels"
OPERATE = "operate"  # always the same, so that a button works although the view was published again
MODES = {
    Mode.OFF: N_("off"),
    Mode.ASK: N_("asks where it is not sure"),
    Mode.REPLY: N_("answers every message that a label fits"),
    Mode.QUIET: N_("puts the label's emoji on every message that a label fits"),
}
STAGES = {
    Phase.WAITING: N_("it waits for its turn"),
    Phase.TRAINING: N_("{share} of its training is done"),
    Phase.SHADOW: N_("it runs in shadow beside the one in service"),
}
TEXT_MOST = 2_900
FITS = TEXT_MOST - 50  # with a line that says how many more there are


def home_view(look: Look, argilla_url: str | None, notice: str = "") -> Json:
    """A view for views.publish. `notice`: what became of the button that was pressed, as mrkdwn."""
    blocks: list[Block] = [
        *([section(f"*{notice}*")] if notice else []),
        *([section(f":warning: {look.lacking}")] if look.lacking else []),
        *(language_notice.told(look.foreign, language_notice.HOME_SWITCH) if look.foreign else []),
        *held_blocks(look.held, look.held_number),
        HeaderBlock(text=_("Accuracy")),
        *_record(look),
        HeaderBlock(text=_("Where it is on")),
        section(
            "\n".join(_channels(look)) or _("Nowhere yet. `/corrigible on` in a channel turns it on there.")
        ),
        HeaderBlock(text=_("The model")),
        *_model(look),
        HeaderBlock(text=_("Labels")),
        section("\n".join(_labels(look)) or _("There are none yet.")),
        *([_editing()] if look.is_operator else []),
        HeaderBlock(text=_("For reviewers")),
        *_reviewers(look, argilla_url),
    ]
    return View(type="home", blocks=blocks).to_dict()


def _record(look: Look) -> list[Block]:
    weeks = [_line(week, when) for week, when in zip(look.weeks, _weeks(), strict=False) if week]
    labelled = many("{number} message labelled", "{number} messages labelled", look.answers)
    words = many("{number} correction or confirmation", "{number} corrections and confirmations", look.words)
    return [
        section("\n".join([accuracy_text.told(look.accuracy), *weeks])),
        context(f"{labelled}, {words}."),
    ]


def _weeks() -> list[str]:
    return [
        _("last 7 days"),
        _("8 to 14 days ago"),
        _("15 to 21 days ago"),
        _("22 to 28 days ago"),
    ]


def _line(week: Accuracy, when: str) -> str:
    messages = many("{number} message", "{number} messages", week.messages)
    share = week.share
    told = _("{when}: {share} ({low} to {high}), {messages}").format(
        when=when,
        share=f"{share.value:.0%}",
        low=f"{share.low:.0%}",
        high=f"{share.high:.0%}",
        messages=messages,
    )
    return f"`{bar(week.share.value)}` {told}"


def _channels(look: Look) -> list[str]:
    """As marks: Slack shows a private channel's name to those alone who are in it."""
    lines = []
    for channel in look.channels:
        state = look.states.get(channel.channel_id)
        closed = channel_states.closed(state) if state else None
        parts = [_(CLOSED[closed.reason])] if closed else [_(MODES[channel.mode])]
        if channel.channel_id in look.summaries:
            parts.append(_("summaries on"))
        if channel.workflows:
            parts.append(_("workflows' posts too"))
        if channel.keep_days:
            parts.append(many("kept for {number} day", "kept for {number} days", channel.keep_days))
        if channel.next_days and channel.next_at:
            shorter = many("kept for {number} day", "kept for {number} days", channel.next_days)
            when = _("{what} from {time} on").format(what=shorter, time=moment(channel.next_at))
            parts.append(when)
        lines.append(f"• <#{channel.channel_id}>: {', '.join(parts)}")
    shown = {channel.channel_id for channel in look.channels}
    lines += [f"• <#{one}>: " + _("summaries on") for one in look.summaries if one not in shown]
    return fitting(lines, FITS)


def _model(look: Look) -> list[Block]:
    if look.version is None:
        return [section(_("None yet."))]
    since = moment(look.promotion.made_at if look.promotion else look.version.created_at)
    served = _("*v{version}* is in service, since {time}").format(version=look.version.number, time=since)
    lines = [f"{served}."]
    if look.promotion:
        place = _("in the place of v{version}, {by}").format(
            version=look.promotion.champion, by=_(BY[look.promotion.grounds])
        )
        lines = [f"{served}, {place}."]
    if look.run:
        lines.append(_under_way(look.run))
    elif look.retraining_at:
        lines.append(
            _("It looks for something new to learn {time}, and whenever enough is new.").format(
                time=moment(look.retraining_at)
            )
        )
    return [section("\n".join(lines)), *([_buttons(look)] if look.is_operator else [])]


def _under_way(run: Run) -> str:
    share = f"{run.done:.0%}"
    if run.encoder:
        name = inert(encoder_title(run.encoder))
        return _("Switching to {encoder}: {share} is done.").format(encoder=name, share=share)
    stage = _(STAGES[run.phase]).format(share=share)
    return _("A new version is on its way: {stage}.").format(stage=stage)


def _buttons(look: Look) -> ActionsBlock:
    assert look.version is not None
    retrain = ButtonElement(
        text=_("Retrain now"),
        action_id=RETRAIN,
        value="now",
        accessibility_label=_("Train a new version now"),
    )
    roll_back = ButtonElement(
        text=_("Roll back"),
        action_id=ROLL_BACK,
        value=str(look.version.number),
        style="danger",
        accessibility_label=_("Roll back: take v{version} out of service").format(
            version=look.version.number
        ),
        confirm=ConfirmObject(
            title=_("Roll back?"),
            text=_("The version before v{version} answers again from now on.").format(
                version=look.version.number
            ),
            confirm=_("Roll back"),
            deny=_("Cancel"),
        ),
    )
    settings = ButtonElement(
        text=_("Settings"),
        action_id=SETTINGS,
        value="now",
        accessibility_label=_("Change settings of the bot"),
    )
    return ActionsBlock(
        block_id=OPERATE, elements=[retrain, *([roll_back] if look.promotion else []), settings]
    )


def _editing() -> ActionsBlock:
    edit = ButtonElement(
        text=_("Edit labels"),
        action_id=EDIT_LABELS,
        value="now",
        accessibility_label=_("Add, change or retire a label"),
    )
    return ActionsBlock(block_id=EDIT_LABELS, elements=[edit])


def _labels(look: Look) -> list[str]:
    counted = sorted(look.labels, key=lambda label: -look.chosen.get(label.id, 0))
    lines = [f"• {title(label)}: {_chosen(look.chosen.get(label.id, 0))}" for label in counted]
    return fitting(lines, FITS)


def _chosen(times: int) -> str:
    return many("chosen {number} time", "chosen {number} times", times)


def _reviewers(look: Look, argilla_url: str | None) -> list[Block]:
    if argilla_url is None:
        return [section(_("Nobody reviews: no Argilla is connected."))]
    wait = section(
        many(
            "{number} message waits for a first answer.",
            "{number} messages wait for a first answer.",
            look.open_questions,
        )
    )
    link = ButtonElement(
        text=_("Open Argilla"),
        action_id=ANNOTATE,
        url=argilla_url,
        accessibility_label=_("Open Argilla in the browser"),
    )
    agreed = [context(_agreement(look.agreement))] if look.agreement else []
    return [*_argilla(look), wait, *agreed, ActionsBlock(elements=[link])]


def _argilla(look: Look) -> list[Block]:
    if look.argilla is None:
        return []
    return [section(argilla_text.told(look.argilla))]


def _agreement(found: Agreement) -> str:
    told = _(
        "Reviewers agree on {agreed} of {number} messages that several of them answered (95%: {low} to {high})."
    ).format(
        number=found.messages,
        agreed=found.agreed,
        low=f"{found.share.low:.0%}",
        high=f"{found.share.high:.0%}",
    )
    if found.alpha is None:
        return told
    alpha = _("Krippendorff's alpha: {alpha}").format(alpha=f"{found.alpha:.2f}")
    return f"{told} {alpha}"
