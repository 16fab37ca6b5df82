"""What people can do with summaries, each in one transaction; it knows neither Bolt nor blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlmodel import Session

from bot.language.catalogues import N_
from bot.slack.once import id_of
from bot.slack.payloads import MessagePosted
from bot.slack.speakers import Speakers
from bot.summaries.card import Shown, plain_text
from bot.summaries.history import kept
from learning.text.linear import WORD, Pattern
from learning.text.masking import Mask
from learning.writing.thread import MARK
from storage.database.engine import Database
from storage.messages import channel_states, messages
from storage.summaries import reviews, summaries
from storage.tables.columns import new_id
from storage.tables.messages import Message
from storage.tables.summaries import (
    Making,
    Opinion,
    Origin,
    Summary,
    SummaryAnswer,
    SummaryConsent,
    SummaryWord,
)

# What a mention says that asks for a summary, in the languages of the bot's words.
ASKS = Pattern(
    rf"(?i)summari[sz]e|summary|tl;?dr|resum[{WORD}]{{1,3}}|zusammenfass[{WORD}]*",
    unless_after=WORD,
    unless_before=WORD,
)
OFF = N_(
    "Summaries are off in this channel. `/corrigible summaries on` turns them on, and says so to everybody here."
)
SHARED = N_("This channel is shared with another organization, so I don't summarize here.")
STRETCH = 50
STRETCH_MOST = 5_000


class SummariesOffError(PermissionError):
    """Nobody agreed to summaries in this channel."""

    def __init__(self) -> None:
        super().__init__(OFF)


class SharedChannelError(SummariesOffError):
    """Another organization is in the channel: nothing is read there."""

    def __init__(self) -> None:
        PermissionError.__init__(self, SHARED)


class NoTextError(ValueError):
    """An edited summary has no words."""

    def __init__(self) -> None:
        super().__init__(N_("Write what the summary should say."))


class SummaryService:
    """The use cases of one team. `name`: what a person is called; `link`: the address of a message; `mask` takes
    personal data out of what people write.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        name: Callable[[str], str],
        link: Callable[[Message], str],
        mask: Mask,
        on_asked: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._name = name
        self._link = link
        self._mask = mask
        self._on_asked = on_asked
        self._on_change = on_change
        self.on_word: Callable[[], None] = lambda: None

    # Listening

    def hears(self, session: Session, said: MessagePosted) -> SummaryConsent | None:
        """What a channel agreed to."""
        return summaries.consent(session, said.team_id, said.channel_id)

    @staticmethod
    def is_asked(said: MessagePosted) -> bool:
        """Does somebody want the thread in which this is said summarized?"""
        return said.is_mention and said.is_reply and ASKS.search(said.text) is not None

    def answer_mention(self, session: Session, said: MessagePosted) -> None:
        """Somebody mentioned us to have a thread summarized. Of the mention itself no words are kept."""
        mention = kept(said, "")
        mention.is_addressed = True
        if messages.receive(
            session, mention
        ):  # it comes as a message and as a mention, and Slack may repeat both
            self.ask_for_mention(session, said)

    def ask_for_mention(self, session: Session, said: MessagePosted) -> None:
        """Summarize the thread in which a mention asks for that."""
        agreed = self.hears(session, said)
        summary = self._about_thread(said.channel_id, str(said.thread_ts), said.user_id, Origin.MENTION)
        if agreed is None:
            summary.making, summary.failed = Making.FAILED, OFF
        summaries.ask(session, summary)

    def keep(self, session: Session, said: MessagePosted, text: str, agreed: SummaryConsent) -> None:
        """A message that was just stored: a long one gets its summary without anybody asking."""
        if agreed.over is None or len(text) <= agreed.over:
            return
        summary = self._about_thread(said.channel_id, said.ts, said.user_id, Origin.LENGTH)
        summary.thread_ts = said.thread_ts or said.ts
        summaries.ask(session, summary)

    def told(self) -> None:
        """Something may have been asked for while a message was received."""
        self._on_asked()
        self._on_change()

    # Asking

    def ask_thread(self, channel_id: str, ts: str, by: str) -> None:
        """Summarize the thread that begins with a message. Raises SummariesOffError."""
        self._ask(self._about_thread(channel_id, ts, by, Origin.SHORTCUT))

    def ask_stretch(self, channel_id: str, by: str, since: float | None, most: int | None) -> None:
        """Summarize what was said last in a channel, for the asker alone. Raises SummariesOffError."""
        summary = Summary(
            team_id=self._team_id,
            channel_id=channel_id,
            since=since,
            most=most,
            asked_by=by,
            origin=Origin.COMMAND,
            making=Making.WAITING,
        )
        self._ask(summary)

    def _ask(self, summary: Summary) -> None:
        with self._database.writing() as session:
            if summaries.consent(session, self._team_id, summary.channel_id) is None:
                raise SummariesOffError
            state = channel_states.get(session, self._team_id, summary.channel_id)
            if state and state.shared_at is not None:
                raise SharedChannelError
            summaries.ask(session, summary)
        self.told()

    def _about_thread(self, channel_id: str, ts: str, by: str, origin: Origin) -> Summary:
        return Summary(
            team_id=self._team_id,
            channel_id=channel_id,
            of_ts=ts,
            thread_ts=ts,
            asked_by=by,
            origin=origin,
            making=Making.WAITING,
        )

    def consent(self, channel_id: str) -> SummaryConsent | None:
        """What a channel agreed to; None where summaries are off."""
        with self._database.reading() as session:
            return summaries.consent(session, self._team_id, channel_id)

    def set_consent(self, channel_id: str, is_on: bool, over: int | None, by: str) -> None:
        """Remember what a person chose for a channel."""
        with self._database.writing() as session:
            summaries.set_consent(session, self._team_id, channel_id, is_on, over, by)

    # Judging

    def judge(self, summary_id: str, user_id: str, opinion: Opinion, once: str = "") -> None:
        """A person says that a summary is good or bad, or undoes what they said; `once` is the same if Slack tells of
        it twice. Raises SummaryNotFoundError, NothingSaidError.
        """
        self._say(summary_id, user_id, opinion, "", once)

    def text(self, summary_id: str) -> str:
        """What a summary says now. Raises SummaryNotFoundError."""
        with self._database.reading() as session:
            summaries.get(session, self._team_id, summary_id)
        return plain_text(self.shown(summary_id))

    def edit(self, summary_id: str, user_id: str, text: str, once: str = "") -> None:
        """A person says what a summary should say. Raises SummaryNotFoundError, NoTextError."""
        if not text.strip():
            raise NoTextError
        with self._database.reading() as session:
            people = summaries.people(session, summary_id)
        marked = Speakers(people, self._name).marked(self._mask(text.strip()))
        self._say(summary_id, user_id, Opinion.EDITED, marked, once)

    def _say(self, summary_id: str, user_id: str, opinion: Opinion, text: str, once: str) -> None:
        word = SummaryWord(
            id=id_of(summary_id, user_id, opinion, once) if once else new_id(),
            summary_id=summary_id,
            team_id=self._team_id,
            user_id=user_id,
            opinion=opinion,
            text=text,
        )
        with self._database.writing() as session:
            is_new = summaries.say(session, word)
        if is_new:
            self._said()

    def _said(self) -> None:
        self._on_change()
        self.on_word()

    # Showing

    def shown(self, summary_id: str) -> Shown:
        """A summary as it is to be shown now."""
        with self._database.reading() as session:
            summary = summaries.state(session, summary_id)
            words = summaries.words(session, summary_id)
            wanted = {id_ for one in summary.sentences for id_ in one["sources"]}
            sources = {one.id: one for one in summaries.messages_of(session, sorted(wanted))}
            people = summaries.people(session, summary_id)
            answers = reviews.answers(session, summary_id)
            is_outdated = summaries.is_outdated(session, summary_id)
        speakers = Speakers([*people, *_marked(summary.sentences, words, answers)], self._name)
        return Shown(summary, words, answers, sources, self._link, speakers.named, is_outdated)


def _marked(
    sentences: Sequence[dict[str, str]], words: Iterable[SummaryWord], answers: Iterable[SummaryAnswer]
) -> list[str]:
    texts = [one["text"] for one in sentences]
    texts += [word.text for word in words] + [answer.text for answer in answers]
    return [found["user"] for text in texts for found in MARK.finditer(text)]
