"""Noticing: looks whether messages are in languages that the encoder in service doesn't know."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learning.encoders.encoder import title
from learning.evaluation.metrics import UNKNOWN, languages_of
from storage.database.engine import Database
from storage.deliveries import notices
from storage.messages import messages
from storage.models import predictions, versions
from storage.tables.deliveries import News
from storage.tables.models import Version

log = logging.getLogger(__name__)

LATEST = 100
# More of the LATEST messages than this is news.
FOREIGN_MOST = LATEST // 5
# Of other encoders nobody told us what they know: nothing is said about these.
KNOWS = {title(None): {"en"}}


@dataclass(frozen=True)
class Foreign:
    """How many of the latest messages are clearly in a language that the encoder doesn't know; the commonest one."""

    messages: int
    language: str


class Noticing:
    """Has a team's operators told, once."""

    def __init__(self, database: Database, team_id: str, on_notice: Callable[[], None]) -> None:
        self._database = database
        self._team_id = team_id
        self._on_notice = on_notice

    def look(self) -> None:
        """Look once; nothing is read where there is nothing to find, or operators know."""
        with self._database.reading() as session:
            number = versions.in_service(session, self._team_id)
            version = versions.get(session, self._team_id, number) if number else None
            if version is None or not is_limited(version) or notices.foreign(session, self._team_id):
                return
            latest = predictions.latest(session, self._team_id, LATEST)
            texts = messages.texts(session, latest) if len(latest) > FOREIGN_MOST else {}
        found = foreign(list(texts.values()), version.encoder_name)
        log.info("languages looked at messages=%d foreign=%d", len(texts), found.messages if found else 0)
        if found is None:
            return
        about = {"messages": found.messages, "of": len(texts), "language": found.language}
        with self._database.writing() as session:
            notices.add(session, self._team_id, News.FOREIGN, "", about=about)
        self._on_notice()


def is_limited(version: Version) -> bool:
    """Is it known which languages alone its encoder knows?"""
    return version.encoder_name in KNOWS


def foreign(texts: Sequence[str], encoder_name: str) -> Foreign | None:
    """What the encoder of this name doesn't know of the latest messages; None if these are no more than FOREIGN_MOST.

    A text that is too short to tell, or of no sure language, counts as known.
    """
    known = {UNKNOWN, *KNOWS[encoder_name]}
    counted = Counter(language for language in languages_of(texts) if language not in known)
    if counted.total() <= FOREIGN_MOST:
        return None
    [(commonest, _)] = counted.most_common(1)
    return Foreign(counted.total(), commonest)
