"""In quiet mode, asks the user who chose a label whether it still fits after an edit: only them, and once per edit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from slack_sdk import WebClient
from sqlmodel import Session

from bot.classification.card import question_to_one
from bot.language.catalogues import speaking
from bot.language.locales import Locales
from storage.messages import edit_questions
from storage.messages.contents import Content
from storage.tables.deliveries import News, Notice
from storage.tables.messages import Message

# Who edits often edits again at once: they are asked about the text that stays.
RESTS_S = 10.0


class EditQuestions:
    """The questions of one team. `link`: the address of a message."""

    def __init__(self, client: WebClient, locales: Locales, link: Callable[[Message], str]) -> None:
        self._client = client
        self._locales = locales
        self._link = link

    def due(
        self, session: Session, waiting: Sequence[Notice]
    ) -> Iterator[tuple[Notice, Callable[[], None] | None]]:
        """Yield the questions whose time has come, and how to ask them; None of those that are settled by now."""
        rested = time.time() - RESTS_S
        for notice in waiting:
            if notice.news is News.STILL and notice.made_at <= rested:
                content = edit_questions.content(session, notice)
                yield notice, partial(self._ask, notice, content) if content else None

    def _ask(self, notice: Notice, content: Content) -> None:
        user_id = notice.about["by"]
        with speaking(self._locales.language(user_id)):
            asked = question_to_one(content, self._link(content.message))
        # Slack shows what one user alone sees in a thread only if the thread is active: here, there is none.
        self._client.chat_postEphemeral(channel=notice.channel_id, user=user_id, **asked)
