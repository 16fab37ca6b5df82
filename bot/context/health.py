"""How the bot is: whether it is alive, whether it can store a message, and what is degraded meanwhile.

`/livez` fails if only a restart helps; `/readyz` fails if a message that Slack sends now would not be stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.wording import argilla_text
from storage.database.faults import reason_of

Json = dict[str, Any]
# Whether all is well as far as a page is concerned, and its content.
Page = Callable[[], tuple[bool, Json]]

# A step of a part whose steps are short: after this time only a restart helps.
HANGS_S = 300.0
# Strangers may ask as often as they like: the database is asked no more often than this.
FRESH_S = 1.0
# An orchestrator waits one to five seconds for an answer.
ANSWER_S = 0.9


@dataclass(frozen=True)
class Trouble:
    """A part that does not work: a code for the reason, and since when (seconds since 1970)."""

    part: str
    reason: str
    since: float

    def to_json(self) -> Json:
        since = datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
        told = {"part": self.part, "reason": self.reason, "since": since}
        return {**told, "words": argilla_text.why(self.reason)} if self.part == "argilla" else told


class Working(Protocol):
    """Something that works in the background."""

    name: str

    def dead(self) -> Trouble | None:
        """Why only a restart helps."""

    def failing(self) -> Trouble | None:
        """With what its work ends each time."""


class StoreProbe:
    """Tries to store something, in a thread of its own: who asks never waits for longer than ANSWER_S.

    One try at a time, and none within FRESH_S of another.
    """

    def __init__(self, store: Callable[[], None]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._began: float | None = None  # by the monotonic clock; None if no try is under way
        self._began_at = 0.0
        self._tried = float("-inf")
        self._trouble: Trouble | None = None

    def trouble(self) -> Trouble | None:
        """Why nothing can be stored; None if it can."""
        is_ours = self._begin()
        with self._lock:
            began = self._began
        if began is not None and (is_ours or self._tried == float("-inf")):
            self._ended.wait(max(0.0, began + ANSWER_S - time.monotonic()))
        with self._lock:
            is_late = self._began is not None and time.monotonic() - self._began >= ANSWER_S
            return self._trouble or (self._told("no_answer", self._began_at) if is_late else None)

    def _begin(self) -> bool:
        with self._lock:
            if self._began is not None or time.monotonic() - self._tried < FRESH_S:
                return False
            self._began, self._began_at = time.monotonic(), time.time()
            self._ended.clear()
        try:
            threading.Thread(target=self._try, name="probe", daemon=True).start()
        except RuntimeError:  # the system gives us none
            self._end("no_thread")
        return True

    def _try(self) -> None:
        try:
            self._store()
        except Exception as error:
            self._end(reason_of(error))
        else:
            self._end(None)

    def _end(self, reason: str | None) -> None:
        with self._lock:
            self._trouble = self._told(reason, self._began_at) if reason else None
            self._began, self._tried = None, time.monotonic()
            self._ended.set()

    def _told(self, reason: str, at: float) -> Trouble:
        return Trouble("database", reason, self._trouble.since if self._trouble else at)


class Health:
    """What the pages of health say."""

    def __init__(
        self,
        workers: Callable[[], Sequence[Working]],
        store: StoreProbe,
        unready: Callable[[], Iterable[Trouble]],
        degraded: Callable[[], Iterable[Trouble]],
    ) -> None:
        self._workers = workers
        self._store = store
        self._unready = unready
        self._degraded = degraded
        self.pages: dict[str, Page] = {"/livez": self._live, "/readyz": self._ready, "/healthz": self._all}

    def _live(self) -> tuple[bool, Json]:
        return _page(self._dead())

    def _ready(self) -> tuple[bool, Json]:
        return _page(self._not_ready(), degraded=_listed(self._lame()))

    def _all(self) -> tuple[bool, Json]:
        dead, unready, degraded = self._dead(), self._not_ready(), self._lame()
        troubled = {one.part for one in (*dead, *unready, *degraded)}
        names = {"database", *(worker.name for worker in self._workers()), *troubled}
        parts = {name: name not in troubled for name in sorted(names)}
        told = {"live": not dead, "ready": not unready, "degraded": _listed(degraded), "parts": parts}
        return _page([*dead, *unready], **told)

    def _dead(self) -> list[Trouble]:
        return _merged(trouble for worker in self._workers() if (trouble := worker.dead()))

    def _not_ready(self) -> list[Trouble]:
        trouble = self._store.trouble()
        return _merged([*([trouble] if trouble else []), *self._unready()])

    def _lame(self) -> list[Trouble]:
        failing = (trouble for worker in self._workers() if (trouble := worker.failing()))
        return _merged([*self._degraded(), *failing])


def _page(failing: list[Trouble], **more: Any) -> tuple[bool, Json]:
    return not failing, {"ok": not failing, "failing": _listed(failing), **more}


def _listed(troubles: Iterable[Trouble]) -> list[Json]:
    return [one.to_json() for one in troubles]


def _merged(troubles: Iterable[Trouble]) -> list[Trouble]:
    """One for each part and reason, in all workspaces: the one that began first."""
    first: dict[tuple[str, str], Trouble] = {}
    for one in sorted(troubles, key=lambda trouble: (trouble.part, trouble.since)):
        first.setdefault((one.part, one.reason), one)
    return list(first.values())
