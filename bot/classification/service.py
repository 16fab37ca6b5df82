"""What people can do with the bot, each in one transaction; it knows neither Bolt nor blocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from bot.classification import waiting
from bot.classification.app_posts import AppPosts, PostStanding
from bot.classification.reacting import Reacting
from bot.classification.small_talk import has_no_words, says_nothing
from bot.context.metrics import Metrics
from bot.context.reading import Read
from bot.language.catalogues import N_
from bot.slack.once import id_of
from bot.slack.payloads import ButtonTarget, Deleted, MessagePosted
from bot.summaries.service import SummaryService
from bot.web_api.actors import ActorKind
from learning.text import edits
from storage.database import purging
from storage.database.engine import Database
from storage.deliveries import cards
from storage.feedback import corrections, labels
from storage.feedback.labels import RetiredLabelError
from storage.messages import channels, contents, label_questions, messages, unattributed
from storage.messages.earlier_texts import Judge
from storage.messages.messages import Edit
from storage.models import predictions
from storage.reports import overview
from storage.reports.overview import Overview
from storage.summaries import summaries
from storage.tables.columns import new_id
from storage.tables.feedback import Correction, Label, Word
from storage.tables.messages import Lane, Message, Mode, Unattributed
from storage.tables.summaries import SummaryConsent

# An edit that comes so soon may have overtaken its message; of older ones that are unknown nobody asked us to hear.
OVERTAKING_S = 60.0


class UnknownMessageError(LookupError):
    """A click on something that is not stored for this team, or was erased."""

    def __init__(self) -> None:
        super().__init__(N_("This message is not known here any more, so nothing was changed."))


@dataclass(frozen=True)
class LabelChoice:
    """What a person sees before choosing: the label shown now (None: none fits), the one that they said themselves, and
    what the message means now.
    """

    message_id: str
    current: Label | None
    mine: Label | None = None
    meaning: int = 0


@dataclass(frozen=True)
class MessageWakers:
    """Whom to tell that there is something to do."""

    predictor: Callable[[], None]
    answerer: Callable[[], None]
    courier: Callable[[], None]
    refitter: Callable[[], None]
    unlearn: Callable[[], None]
    annotator: Callable[[], None]
    purger: Callable[[], None]
    attributor: Callable[[], None]


@dataclass(frozen=True)
class StoredMessage:
    """A stored message. `mode`: how it is answered; `agreed`: what its channel agreed to about summaries."""

    is_new: bool
    mode: Mode
    agreed: SummaryConsent | None


class Service:
    """The use cases of one team."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        metrics: Metrics,
        wake: MessageWakers,
        summarizing: SummaryService,
        read: Read,
        bot_id: str = "",
        known: Callable[[str], ActorKind | None] = lambda _user_id: ActorKind.USER,
        judge: Judge = edits.judge,
    ) -> None:
        """`read`: what is kept of a text in Slack's mrkdwn; `bot_id`: ours; `known`: what somebody is, None if only
        Slack knows; `judge`: what an edit does to a text's meaning. `on_reply`: a question about a label was answered.
        """
        self._app_posts = AppPosts(database, bot_id, known)
        self.reactions = Reacting(database, team_id, known, self._told, lambda: wake.attributor())
        self._database = database
        self._judge = judge
        self._read = read
        self._summarizing = summarizing
        self._team_id = team_id
        self._metrics = metrics
        self._wake = wake
        self.on_reply: Callable[[], None] = lambda: None

    def receive(self, said: MessagePosted) -> None:
        """Store what a person said where the bot is asked to listen; harmless when it comes again.

        If only Slack knows whether a post by an app is a user's, it waits until `settle`.
        """
        standing = self._app_posts.standing(said) if said.team_id == self._team_id else PostStanding.IGNORED
        if standing is PostStanding.IGNORED:
            return
        if self._summarizing.is_asked(said):
            self._answer_mention(said)
            return
        # Without words no label fits; what nobody addressed to us is kept for summaries.
        is_empty = self._is_addressed(said) and has_no_words(said.text)
        text = "" if is_empty else self._read(said.text)
        if not text and not self._is_addressed(said):
            return
        if standing is PostStanding.OPEN:
            self._let_post_wait(said, text)
            return
        with self._database.writing() as session:  # one transaction, not two: Slack waits for it
            kept = self._keep(session, said, text, self._is_left_alone(said))
        if kept:
            self._follow(said, text, kept)

    def _keep(
        self, session: Session, said: MessagePosted, text: str, is_left_alone: bool
    ) -> StoredMessage | None:
        mode = self._mode(said, channels.mode_of(session, said.team_id, said.channel_id))
        agreed = self._summarizing.hears(session, said)
        if mode is Mode.OFF and agreed is None:
            return None
        is_new = self._store(said, text, mode, is_left_alone, session)
        if is_new and agreed:
            self._summarizing.keep(session, said, text, agreed)
        return StoredMessage(is_new, mode, agreed)

    def _let_post_wait(self, said: MessagePosted, text: str) -> None:
        with self._database.writing() as session:
            is_known = messages.is_stored(session, said.team_id, said.channel_id, said.ts)
            event = waiting.of_post(said, text, self._is_left_alone(said))
            is_new = not is_known and unattributed.keep(session, event)
        if not is_new:
            self._metrics.duplicates.inc()
        self._wake.attributor()

    def _follow(self, said: MessagePosted, text: str, kept: StoredMessage) -> None:
        """A message was stored, or was stored already."""
        if not kept.is_new:
            self._metrics.duplicates.inc()
        if kept.agreed:
            self._summarizing.told()
        if kept.mode is not Mode.OFF:
            self._wake_for(said, text)

    def _wake_for(self, said: MessagePosted, text: str) -> None:
        if not text or has_no_words(said.text):
            self._wake.courier()
        elif self._is_addressed(said):
            self._wake.answerer()
        else:
            self._wake.predictor()

    def _answer_mention(self, said: MessagePosted) -> None:
        with self._database.writing() as session:
            self._summarizing.answer_mention(session, said)
        self._summarizing.told()

    def edit(self, said: MessagePosted) -> None:
        """Take what a message says now in the place of what it said: it is predicted again, and its card follows.

        What people said of an earlier text that meant something else is set aside. A mention that an edit adds is
        answered, once.
        """
        if said.team_id != self._team_id:
            return None
        key = said.team_id, said.channel_id, said.ts
        # Without words no label fits any more, whatever was answered before.
        text = "" if has_no_words(said.text) else self._read(said.text)
        with self._database.writing() as session:
            about = said.edited_ts, said.is_mention, self._is_left_alone(said)
            if unattributed.rewrite(session, *key, text, *about):
                return None
            found = messages.rewrite(session, *key, text, said.edited_ts, self._judge)
            is_answered = found in (Edit.SAME, Edit.DONE) and self._answer_edited(session, said)
            if found is Edit.DONE and self._is_left_alone(said):
                messages.leave_unanswered(session, *key)
        if (
            found is Edit.UNKNOWN
        ):  # it overtook its message, or nothing is kept of that, and nobody has to follow
            is_to_be_heard = said.is_mention or time.time() - float(said.ts) < OVERTAKING_S
            return self.receive(said) if is_to_be_heard else None
        if found is not Edit.DONE and not is_answered:
            return None
        self._wake.unlearn()
        self._wake.refitter()
        self._wake.predictor()
        self._wake.answerer()
        self._wake.courier()
        self._wake.annotator()
        self._wake.purger()
        self._summarizing.told()
        return None

    def _answer_edited(self, session: Session, said: MessagePosted) -> bool:
        """Answer an edit that adds a mention; False if there is none, or the message mentioned us before."""
        message = messages.known(session, said.team_id, said.channel_id, said.ts)
        if not said.is_mention or message is None or message.is_addressed:
            return False
        message.is_addressed = True
        if self._summarizing.is_asked(said):
            self._summarizing.ask_for_mention(session, said)
        else:
            messages.answer(session, message)
        return True

    def _store(
        self, said: MessagePosted, text: str, mode: Mode, is_left_alone: bool, session: Session
    ) -> bool:
        message = Message(
            team_id=said.team_id,
            channel_id=said.channel_id,
            ts=said.ts,
            thread_ts=said.thread_ts,
            user_id=said.user_id,
            text=text,
            mode=mode,
            lane=Lane.ASKED if self._is_addressed(said) else Lane.HEARD,
            waiting=bool(text) and mode is not Mode.OFF and not is_left_alone,
            edited_ts=said.edited_ts,
            is_addressed=self._is_addressed(said),
        )
        is_new = messages.receive(session, message)
        if is_new and self._is_addressed(said) and has_no_words(said.text):
            predictions.show(session, [message])
        return is_new

    def _mode(self, said: MessagePosted, chosen: Mode) -> Mode:
        if self._is_addressed(said):
            return Mode.REPLY
        return Mode.OFF if said.is_reply else chosen

    @staticmethod
    def _is_addressed(said: MessagePosted) -> bool:
        return said.is_mention or said.is_direct

    def _is_left_alone(self, said: MessagePosted) -> bool:
        """Is it never predicted, because it has no words, or because it says nothing and nobody asked?"""
        return has_no_words(said.text) or (not self._is_addressed(said) and says_nothing(said.text))

    def erase(self, deleted: Deleted) -> None:
        """Erase a message that its author or Slack deleted, with its vector and its card."""
        if deleted.team_id != self._team_id:
            return
        with self._database.writing() as session:
            is_heard = deleted.is_addressed or self._is_heard(session, deleted)
            is_known = messages.erase(session, deleted.team_id, deleted.channel_id, deleted.ts, is_heard)
        if is_known:
            self.erased()

    def erased(self) -> None:
        """Messages were erased: what was learned from them, cards, summaries and Argilla follow."""
        self._wake.unlearn()
        self._wake.refitter()
        self._wake.courier()
        self._wake.annotator()
        self._wake.purger()
        self._summarizing.told()

    @staticmethod
    def _is_heard(session: Session, deleted: Deleted) -> bool:
        channel = deleted.team_id, deleted.channel_id
        return (
            channels.mode_of(session, *channel) is not Mode.OFF
            or summaries.consent(session, *channel) is not None
        )

    def choice(self, team_id: str, message_id: str, by: str | None = None) -> LabelChoice:
        """What the card of a message shows now, and what a user said of it. Raises UnknownMessageError."""
        with self._database.reading() as session:
            message = session.get(Message, message_id)
            if message is None or message.team_id != team_id or message.erased_at:
                raise UnknownMessageError
            content = contents.of_message(session, message_id)
            own = corrections.of_user(session, message_id, by) if by else None
            mine = session.get(Label, own.label_id) if own else None
        if content.prediction is None:
            raise UnknownMessageError
        return LabelChoice(message_id, content.shown, mine, content.message.meaning)

    def confirm_or_choose(
        self, team_id: str, user_id: str, of: ButtonTarget, label_id: str, once: str = ""
    ) -> None:
        """A person says that this label is right; `once` is the same if Slack tells of it twice.

        Raises UnknownMessageError, RetiredLabelError, EditedSinceError.
        """
        shown = self.choice(team_id, of.message_id).current
        word = Word.CONFIRMED if shown and shown.id == label_id else Word.CHANGED
        with self._database.writing() as session:
            label = session.get(Label, label_id)
            if label is None or label.team_id != team_id:
                raise UnknownMessageError
            if label.retired_at is not None:
                raise RetiredLabelError(label.name)
            is_new, is_reply = self._say(session, user_id, of, label, word, once)
        if is_new:
            self._told(word)
        if is_reply:
            self.on_reply()

    def propose(self, team_id: str, user_id: str, of: ButtonTarget, name: str, once: str = "") -> None:
        """A person says that a label is right which may not exist yet.

        Raises UnknownMessageError, RetiredLabelError, EditedSinceError, TooManyProposalsError,
        TooManyProposalsOfAllError.
        """
        self.choice(team_id, of.message_id)
        with self._database.writing() as session:
            label = labels.propose(session, team_id, name, by=user_id)
            is_new, is_reply = self._say(session, user_id, of, label, Word.PROPOSED, once)
        if is_new:
            self._told(Word.PROPOSED)
        if is_reply:
            self.on_reply()

    def _say(
        self, session: Session, user_id: str, of: ButtonTarget, label: Label, word: Word, once: str
    ) -> tuple[bool, bool]:
        """Keep what a user says of a message; is it new, and does it answer a question to them?"""
        said = Correction(
            id=id_of(of.message_id, user_id, label.id, once) if once else new_id(),
            message_id=of.message_id,
            team_id=label.team_id,
            user_id=user_id,
            label_id=label.id,
            word=word,
        )
        is_new = corrections.say(session, said, of.meaning)
        is_reply = label_questions.reply(session, of.message_id, user_id, label.id)
        return is_new, is_reply

    def undo(self, team_id: str, user_id: str, message_id: str, once: str = "") -> None:
        """A person takes back what they said of a message; harmless when it comes again.

        Raises UnknownMessageError, NothingToUndoError.
        """
        self.choice(team_id, message_id)
        word_id = id_of(message_id, user_id, "undo", once) if once else new_id()
        with self._database.writing() as session:
            is_new = corrections.undo(session, team_id, message_id, user_id, word_id)
            is_reply = label_questions.reply(session, message_id, user_id, None)
        if is_new:
            self._told(Word.UNDONE)
        if is_reply:
            self.on_reply()

    def _told(self, word: Word) -> None:
        self._metrics.corrections.labels(word.value).inc()
        self._wake.courier()
        self._wake.refitter()
        self._wake.annotator()

    def settle(self, event: Unattributed, kind: ActorKind) -> None:
        """Slack said what an actor is: what they did counts from now on, or goes. Harmless if that was done already."""
        if event.word:
            self.reactions.settle(event, event.word, kind)
        else:
            self._settle_post(event, kind)

    def _settle_post(self, event: Unattributed, kind: ActorKind) -> None:
        with self._database.writing() as session:
            post = unattributed.take(session, event.id)  # it may have been edited since
            if post is None:
                return
            kept = self._keep_post(session, post, kind)
            if kept is None or not kept.is_new:  # it may have been deleted while Slack told of it again
                purging.mark(session)
        if kept:
            self._follow(waiting.said(post), post.text, kept)
        else:
            self._wake.purger()

    def _keep_post(self, session: Session, post: Unattributed, kind: ActorKind) -> StoredMessage | None:
        says_something = post.text or post.is_mention
        is_included = channels.includes_workflows(session, post.team_id, post.channel_id)
        if kind is ActorKind.BOT or not says_something or not is_included:
            return None
        # An edit may have added a mention of us meanwhile, which asks for an answer.
        is_left_alone = post.is_left_alone and (not post.is_mention or has_no_words(post.text))
        return self._keep(session, waiting.said(post), post.text, is_left_alone)

    def set_mode(
        self, team_id: str, channel_id: str, mode: Mode, by: str, workflows: bool = False
    ) -> tuple[Mode, bool]:
        """Store what a user chose for a channel; return what it had before, as `mode` and `workflows`.

        `workflows`: are posts by workflows and apps read too?
        """
        with self._database.writing() as session:
            return channels.set_mode(session, team_id, channel_id, mode, by, workflows)

    def asker(self, said: MessagePosted) -> str | None:
        """Whom to tell, if they are a user, that their post, made by an app, is not read; None if nobody is."""
        return self._app_posts.asker(said) if said.team_id == self._team_id else None

    def includes_workflows(self, team_id: str, channel_id: str) -> bool:
        """Are posts by workflows and apps read in a channel?"""
        with self._database.reading() as session:
            return channels.includes_workflows(session, team_id, channel_id)

    def labels(self, team_id: str) -> list[Label]:
        """The labels in use."""
        with self._database.reading() as session:
            return labels.active(session, team_id)

    def mode(self, team_id: str, channel_id: str) -> Mode:
        """What people chose for a channel."""
        with self._database.reading() as session:
            return channels.mode_of(session, team_id, channel_id)

    def overview(self, team_id: str) -> Overview:
        """How the team's bot is doing."""
        with self._database.reading() as session:
            return overview.of_team(session, team_id)

    def count_waiting(self) -> int:
        """How many messages have no prediction yet."""
        with self._database.reading() as session:
            return messages.count_waiting(session, self._team_id)

    def count_due(self) -> int:
        """How many cards Slack does not show yet as they should be."""
        with self._database.reading() as session:
            return cards.count_due(session, self._team_id)
