"""The worker that makes summaries: reads what was said, has it summarized, keeps the result; outside all other work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy.exc import OperationalError

from bot.context.metrics import Metrics
from bot.language.catalogues import N_
from bot.slack.speakers import Speakers
from bot.summaries.history import History, HistoryClosedError, HistoryDelayedError
from learning.summarizing.summarizer import Draft, NothingToSummarizeError
from learning.summary_training.serving import Serving
from learning.writing.thread import Utterance
from storage.database.engine import Database, DatabaseBusyError, DatabaseUnavailableError
from storage.database.leases import LeaseClaim
from storage.summaries import summaries
from storage.tables.messages import Message
from storage.tables.summaries import Summary

log = logging.getLogger(__name__)

FAILED = N_(
    "I could not summarize this. Please ask again in a moment; an operator finds the reason in the log."
)
SLOWLY = N_("Slack lets me read only a few messages a minute; I go on as soon as I may")
# People look at progress, they don't count it.
TELL_EVERY_S = 2.0


class Summarizing:
    """Makes one summary after the other. `on_change`: one is to be shown."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        history: History,
        serving: Serving,
        name: Callable[[str], str],
        metrics: Metrics,
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._history = history
        self._serving = serving
        self._name = name
        self._metrics = metrics
        self._on_change = on_change
        self.claim = LeaseClaim(database, f"summaries {team_id}")

    def step(self) -> float | None:
        """Make the next summary; None where none waits."""
        self._serving.rest()
        with self._database.reading() as session:
            waits = summaries.is_waiting(session, self._team_id)
        if not waits or not self.claim.hold():
            return None
        with self._database.writing() as session:
            summary = summaries.take(session, self._team_id)
        if summary is None:
            return None
        self._make(summary)
        self._on_change()
        return 0.0

    def close(self) -> None:
        """End what is under way; another replica, or the next start, makes it anew."""
        self._serving.close()
        self.claim.give_up()

    def _make(self, summary: Summary) -> None:
        if summary.attempts > summaries.ATTEMPTS_MOST:
            self._fail(summary, FAILED)
            return
        try:
            self._summarize(summary, self._history.read(summary))
        except HistoryDelayedError as delay:
            log.warning("messages not read summary=%s counted=%s", summary.id, delay.is_counted)
            with self._database.writing() as session:
                if delay.is_counted:
                    summaries.hold_back(session, summary.id, delay.after_s, delay.fetched)
                else:
                    summaries.postpone(session, summary.id, delay.after_s, delay.fetched, SLOWLY)
        except (HistoryClosedError, NothingToSummarizeError) as error:
            self._fail(summary, str(error))
        except (OperationalError, DatabaseBusyError, DatabaseUnavailableError):
            raise  # the database has no time: it is made anew by the next step, which counts as an attempt
        except Exception as error:
            # Neither its text nor its trace: they may quote what people wrote.
            log.error("summary failed summary=%s error=%s", summary.id, type(error).__name__)
            self._metrics.errors.labels("summaries").inc()
            self._fail(summary, FAILED)

    def _fail(self, summary: Summary, reason: str) -> None:
        self._database.write_patiently(lambda session: summaries.fail(session, summary.id, reason))

    def _summarize(self, summary: Summary, said: list[Message]) -> None:
        speakers = Speakers([one.user_id for one in said], self._name)
        utterances = [Utterance(one.id, speakers.names[one.user_id], one.text) for one in said]
        began = time.monotonic()
        summarizer, version = self._serving.summarizer()
        draft = summarizer.summarize(utterances, self._teller(summary))
        columns = {**_columns(draft, speakers), "version": version}
        meant = {one.id: one.meaning for one in said}
        is_kept = self._database.write_patiently(
            lambda session: summaries.finish(session, summary.id, draft.covered, meant, **columns)
        )
        took_s = time.monotonic() - began
        self._metrics.summaries.labels(draft.engine.value).inc()
        self._metrics.summary_seconds.observe(took_s)
        log.info(
            "summarized summary=%s messages=%d engine=%s seconds=%.1f kept=%s",
            summary.id,
            len(draft.covered),
            draft.engine.value,
            took_s,
            is_kept,
        )

    def _teller(self, summary: Summary) -> Callable[[float], None]:
        told_at = time.monotonic()

        def tell(done: float) -> None:
            nonlocal told_at
            if time.monotonic() - told_at < TELL_EVERY_S:
                return
            told_at = time.monotonic()
            with self._database.writing() as session:
                summaries.tell(session, summary.id, done=done)
            self._on_change()

        return tell


def _columns(draft: Draft, speakers: Speakers) -> dict[str, Any]:
    sentences = [
        {
            **asdict(one),
            "text": speakers.marked(one.text),
            "supported": one.is_supported,
            "support": round(one.support, 3),
        }
        for one in draft.sentences
    ]
    return {
        "sentences": sentences,
        "engine": draft.engine.value,
        "title": draft.title,
        "messages": len(draft.covered),
        "people": draft.people,
        "read": draft.read,
        "aside": draft.aside,
    }
