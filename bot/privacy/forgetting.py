"""What a person may have erased: all that they wrote."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from storage.database import purging
from storage.database.engine import Database
from storage.messages import unattributed
from storage.models import runs
from storage.privacy import erasure
from storage.privacy.erasure import KeptOfUser
from storage.workspaces.pseudonyms import FORGOTTEN

log = logging.getLogger(__name__)

AT_ONCE = 100
PATIENCE_S = 10.0
LOOK_S = 0.2


@dataclass(frozen=True)
class Forgotten:
    """What was kept of a person, what is kept now, and how many erased records Argilla has not confirmed yet.

    `is_in_files`: some of it may still lie in files of the database or of a training run.
    """

    before: KeptOfUser
    after: KeptOfUser
    undelivered: int
    is_in_files: bool


class Forgetting:
    """The use cases of one team. `wake`: something was erased, which cards, the model and Argilla have to follow."""

    def __init__(self, database: Database, team_id: str, wake: Callable[[], None]) -> None:
        self._database = database
        self._team_id = team_id
        self._wake = wake

    def kept(self, user_id: str) -> KeptOfUser:
        """What is kept of a person now."""
        with self._database.reading() as session:
            return erasure.kept(session, self._team_id, user_id)

    def is_removing(self) -> bool:
        """May Argilla or any file still hold something that was erased?"""
        with self._database.reading() as session:
            is_undelivered = erasure.is_undelivered(session, self._team_id)
            return is_undelivered or self._is_in_files(session, purging.marks(session))

    def _is_in_files(self, session: Session, marked: set[str]) -> bool:
        # These marks alone: others erase something all the time, which is marked anew.
        is_pending = not marked.isdisjoint(purging.marks(session))
        return is_pending or runs.is_restarting(session, self._team_id)

    def forget(self, user_id: str) -> Forgotten:
        """Erase all that a person wrote; wait a little until it has left Argilla and all files too."""
        before = self.kept(user_id)
        # First: what would count meanwhile is a message, or a correction, and is treated as these are.
        self._database.write_patiently(lambda session: unattributed.forget(session, self._team_id, user_id))
        with self._database.reading() as session:
            wrote = erasure.written_by(session, self._team_id, user_id)
            concerned = {
                *erasure.summaries_of(session, wrote),
                *erasure.summaries_judged_by(session, self._team_id, user_id),
            }
        erase_in_parts(self._database, wrote, erasure.erase)
        instead = FORGOTTEN + uuid.uuid4().hex[:12]
        self._database.write_patiently(
            lambda session: erasure.disown(session, self._team_id, user_id, instead)
        )
        with self._database.reading() as session:
            marked = purging.marks(session)
        self._wake()
        log.info("forgotten messages=%d words=%d", before.messages, before.words)
        undelivered, is_in_files = self._await_end(wrote, sorted(concerned), marked)
        return Forgotten(before, self.kept(user_id), undelivered, is_in_files)

    def _await_end(
        self, message_ids: list[str], summary_ids: list[str], marked: set[str]
    ) -> tuple[int, bool]:
        until = time.monotonic() + PATIENCE_S
        while True:
            with self._database.reading() as session:
                left = erasure.undelivered(session, message_ids, summary_ids)
                is_in_files = self._is_in_files(session, marked)
            if not (left or is_in_files) or time.monotonic() > until:
                return left, is_in_files
            time.sleep(LOOK_S)


def erase_in_parts(
    database: Database, message_ids: list[str], erase: Callable[[Session, Sequence[str]], int]
) -> None:
    """A few in each transaction: messages that come in meanwhile don't wait for all of them."""
    for start in range(0, len(message_ids), AT_ONCE):
        some = message_ids[start : start + AT_ONCE]
        database.write_patiently(lambda session, some=some: erase(session, some))  # type: ignore[misc]
