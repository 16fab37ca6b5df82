"""What a person asks of one message by a shortcut: what it is, or to say that it is something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from bot.classification.small_talk import has_no_words
from bot.context.reading import Read
from bot.language.catalogues import N_
from bot.slack.payloads import SLACKBOT, Pointed
from learning.heads.champion import Champion
from storage.database.engine import Database
from storage.feedback import corrections, labels
from storage.messages import channels, contents, messages
from storage.messages.contents import Content
from storage.models import floors, predictions
from storage.tables.feedback import Label
from storage.tables.messages import Lane, Message, Mode

PATIENCE_S = 10.0
LOOK_S = 0.03


class NotKeptError(PermissionError):
    """Nothing of this message may be kept, so nobody can correct what is said of it."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "I am off in this channel, so I keep nothing of this message and can't learn from it. "
                "`/corrigible on` turns me on, and says so to everybody here."
            )
        )


class NoWordsError(ValueError):
    """The message has none."""

    def __init__(self) -> None:
        super().__init__(N_("I read words, and this message has none."))


class NotAPersonsError(ValueError):
    """The message is an app's."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This message is an app's. `/corrigible on reply including workflows` lets me read posts by "
                "workflows in this channel."
            )
        )


class NotReadError(TimeoutError):
    """The model said nothing of the message in time."""

    def __init__(self) -> None:
        super().__init__(N_("I could not read this message so quickly. Please try again in a moment."))


FAULTS = (NotKeptError, NoWordsError, NotAPersonsError, NotReadError)


@dataclass(frozen=True)
class Glance:
    """The prediction for a message that is not kept. `label`: None if none fits."""

    label: Label | None
    confidence: float


class Pointing:
    """The use cases of one team. `read`: what is kept of a text; `wake`: a message waits to be predicted."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        champion: Champion,
        bot_user_id: str,
        read: Read,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._read = read
        self._team_id = team_id
        self._champion = champion
        self._bot_user_id = bot_user_id
        self._wake = wake

    def find(self, pointed: Pointed) -> str:
        """The id of the message, which is kept from now on and predicted; on our card, that of what it answers.

        Raises NotKeptError, NoWordsError, NotAPersonsError.
        """
        # On our card it is about the message above.
        is_card = pointed.user == self._bot_user_id and pointed.thread_ts is not None
        if not is_card and has_no_words(pointed.text):
            raise NoWordsError
        ts = (pointed.thread_ts or pointed.ts) if is_card else pointed.ts
        with self._database.writing() as session:
            message = messages.known(session, self._team_id, pointed.channel_id, ts)
            if message is None:
                message = self._keep(session, pointed)
            elif not message.text:
                raise NoWordsError
            elif not message.waiting and predictions.of_message(session, self._team_id, message.id) is None:
                if not self._may_keep(session, pointed):  # it is kept for summaries alone
                    raise NotKeptError
                message.waiting = True
            message.lane = Lane.ASKED  # whoever pointed at it waits
        self._wake()
        return message.id

    def _keep(self, session: Session, pointed: Pointed) -> Message:
        if pointed.app and not self._may_read(session, pointed):
            raise NotAPersonsError
        if not self._may_keep(session, pointed):
            raise NotKeptError
        text = self._read(pointed.text)
        if not text:
            raise NoWordsError
        message = Message(
            team_id=self._team_id,
            channel_id=pointed.channel_id,
            ts=pointed.ts,
            thread_ts=pointed.thread_ts,
            user_id=pointed.user or str(pointed.app),
            text=text,
            mode=Mode.OFF,  # the answer is for whoever asked, not for the channel
            lane=Lane.ASKED,
        )
        if not messages.receive(session, message):  # it was erased here, and stays so
            raise NotKeptError
        return message

    def _may_read(self, session: Session, pointed: Pointed) -> bool:
        """May an app's post be read? Never our own or Slackbot's."""
        is_nobodys = pointed.app == SLACKBOT or pointed.user == SLACKBOT or pointed.user == self._bot_user_id
        return not is_nobodys and channels.includes_workflows(session, self._team_id, pointed.channel_id)

    def _may_keep(self, session: Session, pointed: Pointed) -> bool:
        """Where the channel agreed, and what its author points at, as if they had mentioned us."""
        if pointed.by == pointed.user:
            return True
        return channels.mode_of(session, self._team_id, pointed.channel_id) is not Mode.OFF

    def answer(self, message_id: str) -> Content:
        """What is said of the message, as soon as it was predicted. Raises NotReadError."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with self._database.reading() as session:
                content = contents.of_message(session, message_id)
            if content.prediction and not content.message.waiting:
                return content
            time.sleep(LOOK_S)
        raise NotReadError

    def chosen_by(self, user_id: str, message_id: str) -> Label | None:
        """The label that a user says a message has; None if they said nothing, or took it back."""
        with self._database.reading() as session:
            own = corrections.of_user(session, message_id, user_id)
            return session.get(Label, own.label_id) if own else None

    def glance(self, pointed: Pointed) -> Glance:
        """What the model says of it, with nothing kept. Raises NoWordsError, NotAPersonsError."""
        if pointed.app:
            raise NotAPersonsError
        text = self._read(pointed.text)
        if not text or has_no_words(pointed.text):
            raise NoWordsError
        served = self._champion.served
        [ranking] = served.rank([text])
        with self._database.reading() as session:
            known = {label.id: label for label in labels.every(session, self._team_id)}
            floor = floors.of_version(session, self._team_id, served.version)
        label = None if ranking.is_none(floor) else known[ranking.label_id]
        return Glance(label, ranking.confidence)
