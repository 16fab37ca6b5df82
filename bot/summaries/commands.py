"""`/corrigible summarize` and `/corrigible summaries`: what they do, and what the asker is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from slack_sdk import WebClient

from bot.language.catalogues import N_, Language, _, many, speaking
from bot.permissions.errors import in_words
from bot.permissions.membership import FAULTS, Membership, joined
from bot.slack.payloads import Command
from bot.summaries.service import SHARED, STRETCH, STRETCH_MOST, SummariesOffError, SummaryService
from bot.web_api.announcing import tell
from learning.text.linear import DIGIT, Pattern

HELP = (
    N_("• `/corrigible summarize [N messages | since yesterday]` – what was said here, for you alone"),
    N_(
        "• `/corrigible summaries on` – in this channel I may summarize; `over 1000` also any "
        "message of more characters; `off`"
    ),
    N_("• Summarize a thread: the message shortcut *Summarize thread*, or mention me there with “summarize”"),
)
USAGE = N_(
    "I understand `/corrigible summarize`, `/corrigible summarize 30 messages`, `/corrigible summarize since "
    "yesterday`, `since monday`, `since 2 hours`."
)
ON_USAGE = N_(
    "I understand `/corrigible summaries on`, `/corrigible summaries on over 1000` and "
    "`/corrigible summaries off`."
)
DIRECT = N_("In a direct message there is no conversation to summarize; ask in a channel.")
LEAST_CHARACTERS = 200
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST = Pattern(rf"(?:the )?(?:last )?(?P<number>[{DIGIT}]+)(?: messages?)?")
SINCE = Pattern(r"since (?P<when>.+)")
AGO = Pattern(rf"(?P<number>[{DIGIT}]{{1,3}}) (?P<unit>minute|hour|day|week)s?(?: ago)?")
# Python refuses to read a number of thousands of digits.
DIGITS_MOST = 9
UNIT_S = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


def summarize(service: SummaryService, command: Command, zone: str, now: datetime | None = None) -> str:
    """Ask for a summary of the channel; what to tell the asker."""
    if command.channel_id.startswith("D"):
        return _(DIRECT)
    words = " ".join(command.words[1:])
    try:
        since, most = _stretch(words, now or datetime.now(ZoneInfo(zone)))
    except ValueError as error:
        return str(error) or _(USAGE)
    try:
        service.ask_stretch(command.channel_id, command.user_id, since, most)
    except SummariesOffError as error:
        return in_words(error)
    what = (
        many("the last message", "the last {number} messages", most)
        if most
        else _("everything that you asked for")
    )
    return _("I read {what} of this channel; the summary follows here, for you alone.").format(what=what)


def is_stretch(words: Sequence[str]) -> bool:
    """May these words say what to summarize?"""
    return not words or words[0] in ("since", "the", "last") or words[0].isdecimal()


def is_switch(words: Sequence[str]) -> bool:
    """May these words turn summaries on or off?"""
    return not words or (words[0] == "on" and list(words[1:2]) in ([], ["over"])) or list(words) == ["off"]


def _stretch(words: str, now: datetime) -> tuple[float | None, int | None]:
    """Since when (seconds since 1970) and how many messages at most. Raises ValueError."""
    if not words:
        return None, STRETCH
    if found := LAST.fullmatch(words):
        digits = found["number"]
        number = int(digits) if len(digits) <= DIGITS_MOST else STRETCH_MOST + 1
        if not 1 <= number <= STRETCH_MOST:
            raise ValueError(_("I summarize 1 to {most} messages.").format(most=f"{STRETCH_MOST:,}"))
        return None, number
    if found := SINCE.fullmatch(words):
        return _moment(found["when"], now).timestamp(), None
    raise ValueError(_(USAGE))


def _moment(words: str, now: datetime) -> datetime:
    today = datetime.combine(now.date(), time(), now.tzinfo)
    if words == "today":
        return today
    if words == "yesterday":
        return today - timedelta(days=1)
    if words in DAYS:
        return today - timedelta(days=(now.weekday() - DAYS.index(words)) % 7 or 7)
    if found := AGO.fullmatch(words):
        return now - timedelta(seconds=int(found["number"]) * UNIT_S[found["unit"]])
    raise ValueError(_(USAGE))


def switch(
    service: SummaryService, members: Membership, client: WebClient, command: Command, language: Language
) -> str:
    """Turn summaries on or off in a channel, which hears of it in `language`; what to tell the asker."""
    if len(command.words) > 1 and not command.channel_id.startswith("D"):
        try:
            members.check(client, command.channel_id, command.user_id)
        except FAULTS as error:
            return in_words(error)
    match command.words[1:]:
        case ("off",):
            return _off(service, client, command, language)
        case ("on",):
            return _on(service, client, command, None, language)
        case ("on", "over", number) if _is_number(number) and int(number) >= LEAST_CHARACTERS:
            return _on(service, client, command, int(number), language)
        case ("on", "over", number) if _is_number(number):
            told = _("Messages of less than {number} characters are short enough.")
            return told.format(number=LEAST_CHARACTERS)
        case ():
            return _tell(service, command)
    return _(ON_USAGE)


def _is_number(word: str) -> bool:
    """Is it a number that every database takes?"""
    return word.isdecimal() and len(word) <= DIGITS_MOST


def _tell(service: SummaryService, command: Command) -> str:
    agreed = service.consent(command.channel_id)
    if agreed is None:
        return _("Summaries are off in this channel.") + f" {_(ON_USAGE)}"
    return _("Summaries are on in this channel.") + f"{_long(agreed.over)} {_(ON_USAGE)}"


def _long(over: int | None) -> str:
    told = _(" Messages of more than {number} characters get one by themselves.")
    return told.format(number=over) if over else ""


def _on(
    service: SummaryService, client: WebClient, command: Command, over: int | None, language: Language
) -> str:
    if command.channel_id.startswith("D"):
        return _(DIRECT)
    try:
        channel = joined(client, command.channel_id)
    except FAULTS as error:
        return in_words(error)
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return _(SHARED)
    before = service.consent(command.channel_id)
    service.set_consent(command.channel_id, True, over, command.user_id)
    if before and before.over == over:  # the channel knows
        return _("Summaries are on in this channel.") + _long(over)
    with speaking(language):
        told = _changed(command.user_id, over) if before else _begun(command.user_id, over)
    return _say(client, command, told, _("On. I told the channel.") + _long(over))


def _changed(by: str, over: int | None) -> str:
    told = _("{person} changed which messages I summarize here.").format(person=f"<@{by}>")
    return told + (_long(over) or _(" Only those that somebody asks for."))


def _begun(by: str, over: int | None) -> str:
    told = _(
        "{person} turned summaries on. I keep the messages of this channel, replies too, to summarize them when "
        "somebody asks, and learn from your edits."
    ).format(person=f"<@{by}>")
    return told + _long(over) + _(" `/corrigible summaries off` ends it.")


def _off(service: SummaryService, client: WebClient, command: Command, language: Language) -> str:
    was_on = service.consent(command.channel_id) is not None
    service.set_consent(command.channel_id, False, None, command.user_id)
    if not was_on:
        return _("Summaries are off in this channel.")
    with speaking(language):
        told = _("{person} turned summaries off in this channel.").format(person=f"<@{command.user_id}>")
    return _say(client, command, told, _("Off. I told the channel."))


def _say(client: WebClient, command: Command, to_all: str, to_asker: str) -> str:
    if not tell(client, command.channel_id, {"text": to_all}):
        return _("Done, but I could not tell the channel; please do.")
    return to_asker
