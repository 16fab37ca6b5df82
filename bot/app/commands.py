"""`/corrigible`: what each of its words does, and what the asker is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.classification.card import title
from bot.classification.service import Service
from bot.classification.shortcuts import Pointing
from bot.home.contents import Home
from bot.home.label_editing import LabelEditing
from bot.language.catalogues import N_, Language, _, many, speaking
from bot.operators.channel_watch import ChannelWatch
from bot.operators.digest import ChannelOffError, Digests
from bot.permissions.errors import in_words
from bot.permissions.membership import FAULTS as MEMBERSHIP_FAULTS
from bot.permissions.membership import LackingScopeError, Membership, joined
from bot.permissions.operations import FAULTS, Operations
from bot.permissions.organization import Organization
from bot.permissions.team_settings import Choices
from bot.privacy import forgetting_view, retention_commands
from bot.privacy.forgetting import Forgetting
from bot.privacy.retention import Retention
from bot.questions.label_questions import LabelQuestions
from bot.slack.mrkdwn import as_name, as_plain_name, escape, fitting, inert
from bot.slack.payloads import Command, Json
from bot.summaries import commands
from bot.summaries.service import SummaryService
from bot.web_api.actors import Actors
from bot.web_api.announcing import tell
from bot.web_api.scopes import QUIET, Scopes, needed_in
from bot.wording import accuracy_text, argilla_text, channel_words, suggesting
from bot.wording.channel_words import PROMISES
from learning.summarizing.policy import POLICY
from learning.text.names import visible
from storage.reports.overview import Overview
from storage.tables.feedback import Label
from storage.tables.messages import Mode
from storage.tables.models import TaskName
from storage.text.emoji import emoji_name

FOR_OPERATORS = (
    N_("• `/corrigible retrain [summaries]` – for operators: train a new version"),
    N_("• `/corrigible rollback [summaries]` – for operators: go back to the version before"),
    N_(
        "• `/corrigible policy [accept | withdraw]` – for operators: may a model that writes learn "
        "from what people wrote?"
    ),
    N_("• `/corrigible resend` – for operators: try again what Slack refused"),
)
HELP = (
    N_("*I label messages, and I learn when somebody corrects me.*"),
    N_("• `/corrigible on` – in this channel: I stay silent where I am sure, and ask where I am not"),
    N_("• `/corrigible on reply` – I answer every message that a label fits, in its thread"),
    N_(
        "• `/corrigible on quiet` – I put the label's emoji on every message that a label fits; react with another "
        "label's emoji to correct me"
    ),
    N_(
        "• `/corrigible on reply including workflows` – also read what workflows post, and apps in a user's name"
    ),
    N_("• `/corrigible off` – I neither read nor keep anything of this channel"),
    N_(
        "• `/corrigible keep 90 days` – erase what is older, every night; `keep forever` or `keep undo` ends that"
    ),
    N_("• `/corrigible forget me` – erase all that you wrote"),
    N_(
        "• `/corrigible digest on` – once a week in this channel: what I learned, and from whom; "
        "`digest off` ends it"
    ),
    N_("• `/corrigible status` – what I do here, and how I am doing"),
    N_("• `/corrigible labels` – the labels I choose from"),
    N_("• in the menu of any message: *Classify this message*, *Correct this message*"),
    *commands.HELP,
    *FOR_OPERATORS,
    N_("• `/corrigible help` – this"),
    N_("In a direct message, or where you mention me, I always answer."),
)
SHARED = N_("This channel is shared with another organization, so I stay off here.")
NOTHING_WRITES = N_("No model writes summaries here, because SUMMARIZER is not set, so none is trained.")
PICKER_ALONE = N_("Only the sentence picker learns, because SUMMARIZER is not set.")
INCLUDING = ("including", "workflows")
INCLUDED = N_("Posts by workflows, and by apps in a user's name, count as messages here.")
NOT_INCLUDED = N_(
    "Posts by workflows and apps are ignored here; `/corrigible on reply including workflows` reads them too."
)
MODES: dict[tuple[str, ...], Mode] = {
    (): Mode.ASK,
    ("ask",): Mode.ASK,
    ("reply",): Mode.REPLY,
    ("quiet",): Mode.QUIET,
}
TEXT_MOST = 3_500
ABOUT_MOST = 200


@dataclass(frozen=True)
class CommandContext:
    """Everything that commands reach: the use cases, and the time zone in which people say "yesterday".

    `language`: that of what everybody in a channel reads; `ops_channel`: where operators follow what they began.
    """

    service: Service
    operations: Operations
    summaries: SummaryService
    pointing: Pointing
    forgetting: Forgetting
    retention: Retention
    membership: Membership
    organization: Organization
    actors: Actors
    digests: Digests
    home: Home
    choices: Choices
    editing: LabelEditing
    watch: ChannelWatch
    questions: LabelQuestions
    timezone: str
    scopes: Scopes
    language: Language = "en"
    ops_channel: str | None = None


def answer(desk: CommandContext, client: WebClient, command: Command) -> str | Json:
    """Do what a person typed after /corrigible; what to tell them, as mrkdwn or with blocks."""
    service, operations = desk.service, desk.operations
    match command.words:
        case ("summarize" | "summarise", *words) if commands.is_stretch(words):
            return commands.summarize(desk.summaries, command, desk.timezone)
        case ("summaries", *words) if commands.is_switch(words):
            return commands.switch(desk.summaries, desk.membership, client, command, desk.language)
        case ("on", *how) if chosen := _modes(how):
            return _switch_on(desk, client, command, *chosen)
        case ("off",):
            return _switch_off(desk, client, command)
        case ("keep", *words) if retention_commands.is_time(words):
            return retention_commands.keep(
                desk.retention, desk.membership, client, command, words, desk.language
            )
        case ("digest", "on"):
            return _wish_digest(desk, client, command)
        case ("digest", "off"):
            return _end_digest(desk, client, command)
        case ("forget", "me"):
            return forgetting_view.question(
                desk.forgetting.kept(command.user_id), desk.forgetting.is_removing()
            )
        case ("status",):
            return _status(desk, command)
        case ("resend",):
            return _operate(operations, command, _resend)
        case ("labels",):
            return _labels(service, command)
        case ("retrain",) | ("retrain", "summaries"):
            return _operate(operations, command, lambda *given: _retrain(desk, *given))
        case ("rollback",) | ("rollback", "summaries"):
            return _operate(operations, command, _roll_back)
        case ("policy",):
            return _operate(operations, command, _policy)
        case ("policy", "accept"):
            return _operate(operations, command, _accept)
        case ("policy", "withdraw"):
            return _operate(operations, command, _withdraw)
        case () | ("help",):
            return _help(operations.is_operator(command.user_id))
    return suggesting.suggestion(command.words, operations.is_operator(command.user_id))


def _help(for_operator: bool) -> str:
    return "\n".join(_(line) for line in HELP if for_operator or line not in FOR_OPERATORS)


def _modes(words: Sequence[str]) -> tuple[Mode, bool] | None:
    """What `on …` chooses: the mode, and whether posts by workflows are read; None if the words are others."""
    includes = tuple(words[-2:]) == INCLUDING
    mode = MODES.get(tuple(words[:-2] if includes else words))
    return (mode, includes) if mode else None


def _operate(operations: Operations, command: Command, do: Callable[[Operations, Command], str]) -> str:
    try:
        operations.check(command.user_id)
        return do(operations, command)
    except FAULTS as error:
        return in_words(error)


def _retrain(desk: CommandContext, operations: Operations, command: Command) -> str:
    task = _task(command)
    operations.retrain(command.user_id, task)
    begun = _followed(desk.ops_channel)
    if task is TaskName.SUMMARIZATION and not operations.summaries.writes:
        return f"{begun} {_(PICKER_ALONE)}"
    return begun


def _followed(ops_channel: str | None) -> str:
    """Say that training started, and where its operator can follow it."""
    if ops_channel:
        return _("Training started. Follow it in {channel}.").format(channel=f"<#{ops_channel}>")
    return _(
        "Training started. Follow it on my Home tab. To follow it in a channel, choose one under *Settings* there."
    )


def _roll_back(operations: Operations, command: Command) -> str:
    ruling = operations.roll_back(command.user_id, _task(command))
    told = _("v{back} is back in the place of v{gone}.")
    return told.format(back=ruling.challenger, gone=ruling.champion)


def _task(command: Command) -> TaskName:
    return TaskName.SUMMARIZATION if "summaries" in command.words else TaskName.CLASSIFICATION


def _policy(operations: Operations, _command: Command) -> str:
    accepted = operations.acceptance()
    if not operations.summaries.writes and accepted is None:
        return _(NOTHING_WRITES)
    if accepted is None:
        none = _(
            "No model that writes is trained on what people wrote here; the sentence picker learns without it."
        )
        how = _("`/corrigible policy accept` accepts this in your name, which is kept with the time.")
        return f"{none}\n>{escape(POLICY)}\n{how}"
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(accepted.accepted_at))
    is_user = accepted.accepted_by.startswith(("U", "W"))
    by = f"<@{accepted.accepted_by}>" if is_user else as_name(accepted.accepted_by)
    told = _(
        "A model that writes is trained on summaries that people settled here: accepted by {person}, {time}."
    )
    how = _("`/corrigible policy withdraw` ends it.")
    if not operations.summaries.writes:
        how = f"{how} {_(NOTHING_WRITES)}"
    return f"{told.format(person=by, time=at)}\n>{escape(accepted.policy)}\n{how}"


def _accept(operations: Operations, command: Command) -> str:
    operations.accept(command.user_id)
    told = _("It is on record that you accept this:")
    then = _(
        "From the next training run on the model that writes learns too. `/corrigible policy withdraw` ends it."
    )
    return f"{told}\n>{escape(POLICY)}\n{then}"


def _withdraw(operations: Operations, command: Command) -> str:
    if not operations.withdraw(command.user_id):
        return _("Nothing was accepted, so nothing was changed.")
    return _(
        "Withdrawn. No model that writes is trained from now on. One that was trained serves on until somebody says "
        "`/corrigible rollback summaries`."
    )


def _switch_on(desk: CommandContext, client: WebClient, command: Command, mode: Mode, workflows: bool) -> str:
    if command.channel_id.startswith("D"):
        return _("In a direct message I always answer; there is nothing to turn on.")
    try:
        channel = joined(client, command.channel_id)
        desk.membership.check(client, command.channel_id, command.user_id)
    except MEMBERSHIP_FAULTS as error:
        return in_words(error)
    desk.watch.see(command.channel_id, channel)
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return _(SHARED)
    if lacking := desk.scopes.lacks(*needed_in(channel), *(QUIET if mode is Mode.QUIET else ())):
        return in_words(LackingScopeError(lacking))
    service = desk.service
    before, did_include = service.set_mode(
        command.team_id, command.channel_id, mode, command.user_id, workflows
    )
    known = service.labels(command.team_id)
    mute = _mute(known) if mode is Mode.QUIET else ""
    if before is mode and did_include is workflows:  # the channel knows
        return _("I am on here already. {what}.").format(what=_(PROMISES[mode])) + mute
    with speaking(desk.language):
        to_all = _announced(before, mode, command.user_id) + _also(before, did_include, workflows)
        to_all += _legend(known) if mode is Mode.QUIET else ""
    here = _("On. {what}.").format(what=_(PROMISES[mode])) + _also(before, did_include, workflows)
    return _say(client, command, to_all, here + mute)


def _announced(before: Mode, mode: Mode, by: str) -> str:
    """Return what a channel is told: in full if it was off before, otherwise what changes."""
    what = _(PROMISES[mode])
    if before is not Mode.OFF:
        return _("{person} changed what I do here. {what}.").format(person=f"<@{by}>", what=what)
    turned = _("{person} turned Corrigible on in this channel. {what}.").format(person=f"<@{by}>", what=what)
    kept = _("I keep the messages of this channel to learn from your corrections; `/corrigible off` ends it.")
    return f"{turned} {kept}"


def _also(before: Mode, did_include: bool, workflows: bool) -> str:
    """Say whether posts by workflows are read, if that is new."""
    if workflows:
        return f" {_(INCLUDED)}"
    return f" {_(NOT_INCLUDED)}" if did_include and before is not Mode.OFF else ""


def _legend(known: list[Label]) -> str:
    """What each emoji means: nobody should have to guess."""
    lines = [f"• {title(label)}" for label in known if label.emoji]
    return "\n" + "\n".join(fitting(lines, TEXT_MOST)) if lines else ""


def _mute(known: list[Label]) -> str:
    """The labels that a reaction can't tell: those without an emoji, and those that share one."""
    shared = Counter(emoji_name(label.emoji) for label in known)
    names = [as_name(label.name) for label in known if not label.emoji or shared[emoji_name(label.emoji)] > 1]
    if not names:
        return ""
    told = _(
        "A reaction can't tell these labels, which have no emoji or share one; an operator can give them one: {labels}"
    )
    return "\n" + told.format(labels=", ".join(fitting(names, TEXT_MOST)))


def _switch_off(desk: CommandContext, client: WebClient, command: Command) -> str:
    try:
        desk.membership.check(client, command.channel_id, command.user_id)
    except MEMBERSHIP_FAULTS as error:
        return in_words(error)
    before, _included = desk.service.set_mode(command.team_id, command.channel_id, Mode.OFF, command.user_id)
    done = _("Off. From now on I read and keep nothing of this channel.")
    if before is Mode.OFF:
        return done
    with speaking(desk.language):
        to_all = _("{person} turned Corrigible off in this channel.").format(person=f"<@{command.user_id}>")
    return _say(client, command, to_all, done)


def _say(client: WebClient, command: Command, to_all: str, to_asker: str) -> str:
    """Consent is said where it holds; where that can't be said, the asker at least knows."""
    is_told = tell(client, command.channel_id, {"text": to_all})
    return to_asker if is_told else to_asker + _(" I could not tell the channel; please do.")


def _wish_digest(desk: CommandContext, client: WebClient, command: Command) -> str:
    try:
        desk.membership.check(client, command.channel_id, command.user_id)
        wish = desk.digests.wish(command.channel_id, command.user_id)
    except (ChannelOffError, *MEMBERSHIP_FAULTS) as error:
        return in_words(error)
    if not wish.is_new:  # the channel knows
        return _next_digest(wish.at)
    with speaking(desk.language):
        told = _("{person} turned on the weekly digest.").format(person=f"<@{command.user_id}>")
        to_all = f"{told} {_next_digest(wish.at)}"
    return _say(client, command, to_all, _next_digest(wish.at))


def _next_digest(at: float) -> str:
    told = _("Once a week I tell here what I learned; the next time {day}.")
    return told.format(day=f"<!date^{int(at)}^{{date_short_pretty}}|?>")


def _end_digest(desk: CommandContext, client: WebClient, command: Command) -> str:
    try:
        desk.membership.check(client, command.channel_id, command.user_id)
    except MEMBERSHIP_FAULTS as error:
        return in_words(error)
    if not desk.digests.end(command.channel_id):
        return _("There was no digest in this channel, so nothing was changed.")
    with speaking(desk.language):
        to_all = _("{person} turned the weekly digest off.").format(person=f"<@{command.user_id}>")
    return _say(client, command, to_all, _("No more digests in this channel."))


def _status(desk: CommandContext, command: Command) -> str:
    service = desk.service
    mode = service.mode(command.team_id, command.channel_id)
    here = {
        Mode.OFF: _("I am off in this channel."),
        Mode.ASK: _("In this channel I ask where I am not sure."),
        Mode.REPLY: _("In this channel I answer every message that a label fits."),
        Mode.QUIET: _("In this channel I put the label's emoji on every message that a label fits."),
    }[mode]
    if mode is not Mode.OFF:
        includes = service.includes_workflows(command.team_id, command.channel_id)
        here = f"{here} {_(INCLUDED if includes else NOT_INCLUDED)}"
    team = service.overview(command.team_id)
    state = team.states.get(command.channel_id)
    lines = [
        channel_words.here(state, here) if state else here,
        many("• on in {number} channel", "• on in {number} channels", len(team.open_channels)),
        _("• model {version}").format(version=team.version),
        many("• {number} label", "• {number} labels", team.labels),
        many("• {number} message labelled", "• {number} messages labelled", team.predictions),
        many("• {number} correction or confirmation", "• {number} corrections and confirmations", team.words),
        f"• {accuracy_text.told(desk.home.accuracy())}",
        many("• {number} message waiting", "• {number} messages waiting", team.waiting),
        many("• {number} card waiting", "• {number} cards waiting", team.due),
    ]
    if desk.operations.is_operator(command.user_id):
        lines = fitting([*lines, *_troubles(team)], TEXT_MOST)
    else:
        given_up = [one for one in team.given_up if one.channel_id == command.channel_id]
        lines += [f"• {channel_words.given_up(one)}" for one in given_up]
    if lacking := desk.scopes.told():
        lines.append(f"• {lacking}")
    failing = desk.home.argilla()
    return "\n".join([*lines, *([f"• {argilla_text.told(failing)}"] if failing else [])])


def _troubles(team: Overview) -> list[str]:
    """List what operators can do something about."""
    lines = [f"• {channel_words.given_up(one)}" for one in team.given_up]
    if lines:
        lines.append(_("• `/corrigible resend` tries all of it again"))
    standings = [channel_words.standing(state) for state in team.states.values()]
    lines += [f"• {told}" for told in standings if told]
    if team.limited_minutes:
        lines.append(f"• {channel_words.limited(team.limited_minutes)}")
    return lines


def _resend(operations: Operations, _command: Command) -> str:
    number = operations.try_all_again()
    if not number:
        return _("Nothing is given up that I could try again, so nothing was changed.")
    return many("I try {number} answer again.", "I try {number} answers again.", number)


def _labels(service: Service, command: Command) -> str:
    lines = [f"• {title(label)}{_about(label)}" for label in service.labels(command.team_id)]
    return "\n".join(fitting(lines, TEXT_MOST))


def _about(label: Label) -> str:
    """The beginning of what a label is for: one that is long should not take the others' place."""
    if not visible(label.description):
        return ""
    return f" – {inert(as_plain_name(label.description, ABOUT_MOST))}"
