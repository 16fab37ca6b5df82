"""Reactions in quiet mode, by which users say which label is right."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from bot.classification import waiting
from bot.slack.payloads import Reacted
from bot.web_api.actors import ActorKind
from storage.database.engine import Database
from storage.feedback import corrections, labels
from storage.messages import label_questions, messages, unattributed
from storage.tables.feedback import Label, Word
from storage.tables.messages import Mode, Unattributed
from storage.text.emoji import emoji_name


class Reacting:
    """The use cases of one team. `known`: what somebody is, None if only Slack knows; `told`: a correction is new;
    `wait`: something waits for Slack to say who did it.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        known: Callable[[str], ActorKind | None],
        told: Callable[[Word], None],
        wait: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._known = known
        self._told = told
        self._wait = wait

    def react(self, reacted: Reacted) -> None:
        """In quiet mode a user's reaction with a label's emoji says that it is right; harmless when it comes again.

        If only Slack knows whether it is a user's, it waits until `settle`.
        """
        label = self._label(reacted) if reacted.team_id == self._team_id else None
        kind = self._known(reacted.user_id)
        if label is None or kind not in (None, ActorKind.USER):
            return
        event = waiting.of_reaction(reacted, label.id)
        with self._database.writing() as session:
            is_new = self._say(session, event) if kind else unattributed.keep(session, event)
        if kind is None:
            self._wait()
        elif is_new:
            self._told(waiting.word(reacted))

    def _label(self, reacted: Reacted) -> Label | None:
        """The label of which a reaction speaks; None if it is none of ours."""
        key = reacted.team_id, reacted.channel_id, reacted.ts
        with (
            self._database.reading() as session
        ):  # most reactions are none of ours: these need no writer's turn
            message = messages.known(session, *key)
            if message is None or message.mode is not Mode.QUIET:
                return None
            label = labels.by_emoji(session, reacted.team_id, reacted.emoji)
            if label or not reacted.is_taken_back:
                return label
            # It was retired since, or another one has its emoji too.
            chosen = corrections.reacted(session, message.id, reacted.user_id)
            chosen += unattributed.reacted(session, *key, reacted.user_id)
            return next((one for one in chosen if _has_emoji(one, reacted.emoji)), None)

    def settle(self, reaction: Unattributed, word: Word, kind: ActorKind) -> None:
        """Slack said what an actor is: their reaction counts from now on, or goes."""
        with self._database.writing() as session:
            is_users = unattributed.take(session, reaction.id) is not None and kind is ActorKind.USER
            is_new = is_users and self._say(session, reaction)
        if is_new:
            self._told(word)

    @staticmethod
    def _say(session: Session, reaction: Unattributed) -> bool:
        message = messages.known(session, reaction.team_id, reaction.channel_id, reaction.ts)
        if message is None:
            return False
        said = waiting.correction(reaction, message.id)
        is_new = corrections.add_once(session, said)
        if is_new and said.word is Word.REACTED and said.aside is None:
            label_questions.reply(session, message.id, said.user_id, said.label_id)
        return is_new


def _has_emoji(label: Label, name: str) -> bool:
    return emoji_name(label.emoji) == emoji_name(name)
