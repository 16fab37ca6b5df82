"""What a person may have erased: all that they wrote."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from storage import erasure
from storage.database import Database
from storage.erasure import FORGOTTEN, Kept

log = logging.getLogger(__name__)

AT_ONCE = 100
PATIENCE_S = 10.0
LOOK_S = 0.2


@dataclass(frozen=True)
class Forgotten:
    """What was kept of a person, what is kept now, and how many erased records Argilla has not confirmed yet."""

    before: Kept
    after: Kept
    undelivered: int


class Forgetting:
    """The use cases of one team. `wake`: something was erased, which cards, the model and Argilla have to follow."""

    def __init__(self, database: Database, team_id: str, wake: Callable[[], None]) -> None:
        self._database = database
        self._team_id = team_id
        self._wake = wake

    def kept(self, user_id: str) -> Kept:
        """What is kept of a person now."""
        with self._database.reading() as session:
            return erasure.kept(session, self._team_id, user_id)

    def forget(self, user_id: str) -> Forgotten:
        """Erase all that a person wrote; wait a little for Argilla to have done so too."""
        before = self.kept(user_id)
        with self._database.reading() as session:
            wrote = erasure.written_by(session, self._team_id, user_id)
        erase_in_parts(self._database, wrote, erasure.erase)
        instead = FORGOTTEN + uuid.uuid4().hex[:12]
        self._database.write_patiently(
            lambda session: erasure.disown(session, self._team_id, user_id, instead)
        )
        self._wake()
        log.info("forgotten messages=%d words=%d", before.messages, before.words)
        return Forgotten(before, self.kept(user_id), self._await_delivery(wrote))

    def _await_delivery(self, message_ids: list[str]) -> int:
        until = time.monotonic() + PATIENCE_S
        while True:
            with self._database.reading() as session:
                left = erasure.undelivered(session, message_ids)
            if not left or time.monotonic() > until:
                return left
            time.sleep(LOOK_S)


def erase_in_parts(
    database: Database, message_ids: list[str], erase: Callable[[Session, Sequence[str]], int]
) -> None:
    """A few in each transaction: messages that come in meanwhile don't wait for all of them."""
    for start in range(0, len(message_ids), AT_ONCE):
        some = message_ids[start : start + AT_ONCE]
        database.write_patiently(lambda session, some=some: erase(session, some))  # type: ignore[misc]
