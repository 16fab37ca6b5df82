"""The writing process, seen from its owner: started when it is needed, stopped when it is too slow or idle.

A process of its own: a model that needs too much time or memory takes neither from the bot, and can be ended.
"""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from learning.processes.children import command, end, environment
from learning.writing.reasons import Reason
from learning.writing.thread import Utterance

START_S = 120.0
GRACE_S = 3.0
IDLE_S = 600.0

log = logging.getLogger(__name__)


class WriterUnavailableError(RuntimeError):
    """The generative model can't write this now. `values`: what the reason's braces hold."""

    def __init__(self, reason: Reason, **values: object) -> None:
        super().__init__(reason.format(**values))


@dataclass(frozen=True)
class Written:
    """What the model wrote: sentences, and how many tokens it read and wrote in how many seconds."""

    sentences: list[str]
    title: str
    read: int
    written: int
    seconds: float


class WritingProcess:
    """Owns at most one run of `python -m learning.summarizing`. Used by one thread at a time, closed by any."""

    def __init__(self, model: str | None, threads: int, encoder: str | None = None) -> None:
        self._arguments = (model or "", str(threads), encoder or "")
        self._child: _Child | None = None
        self._title = ""
        self._used_at = 0.0
        self._turn = threading.Lock()
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        child = self._child
        return child.process.pid if child else None

    def write(
        self, utterances: Sequence[Utterance], limit_s: float, tell: Callable[[float], None] = lambda _: None
    ) -> Written:
        """What the model writes of these within `limit_s`. Raises WriterUnavailableError."""
        with self._turn:
            try:
                child = self._begin()
                began = time.monotonic()
                child.send({"utterances": [asdict(one) for one in utterances], "limit_s": limit_s})
                answer = _answer(child, limit_s, tell)
                if answer.get("failed") == Reason.NO_MEMORY:
                    raise WriterUnavailableError(
                        Reason.NO_MEMORY
                    )  # what it still holds is given back with it
            except WriterUnavailableError:
                self._end()
                raise
            self._used_at = time.monotonic()
        if reason := answer.get("failed"):
            raise WriterUnavailableError(Reason(reason), **answer["values"])
        return Written(
            answer["sentences"], self._title, answer["read"], answer["written"], time.monotonic() - began
        )

    def rest(self) -> None:
        """Let go of the process's memory where nobody needed it for a while."""
        if self._child and time.monotonic() - self._used_at > IDLE_S and self._turn.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._turn.release()

    def close(self) -> None:
        """End it now, whatever it does; no other is started."""
        self._is_closed = True
        self._end()

    def _begin(self) -> _Child:
        if self._child and self._child.process.poll() is None:
            return self._child
        self._end()
        child = self._child = _Child(*self._arguments)
        if self._is_closed:  # meanwhile, by another thread, which could not end what was not there yet
            end(child.process, child.listener)
            raise WriterUnavailableError(Reason.DIED)
        ready = child.next(START_S, WriterUnavailableError(Reason.SLOW_TO_LOAD))
        if reason := ready.get("failed"):
            log.error("summarizer not loaded reason=%s", ready["why"])
            raise WriterUnavailableError(Reason(reason))
        self._title = str(ready["ready"])
        self._used_at = time.monotonic()
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child:
            end(child.process, child.listener)


class _Child:
    """One run of the writing process, and what was heard of it."""

    def __init__(self, model: str, threads: str, encoder: str) -> None:
        quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}
        bounded = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        self.process = subprocess.Popen(  # noqa: S603
            command("learning.writing", model, threads, encoder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what libraries print may quote what people wrote
            env={**environment(), **quiet, **bounded},
            process_group=0,  # as in training: Ctrl-C is for its owner, and it gives way to it
        )
        self._heard: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.listener = threading.Thread(target=self._listen, name="writing", daemon=True)
        self.listener.start()

    def send(self, request: dict[str, Any]) -> None:
        """Ask for something. Raises WriterUnavailableError."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except (OSError, ValueError) as error:  # it died, or was closed by another thread
            raise WriterUnavailableError(Reason.DIED) from error

    def next(self, within_s: float, too_slow: WriterUnavailableError) -> dict[str, Any]:
        """Return what it says next. Raises `too_slow` after so long, WriterUnavailableError once it is dead."""
        try:
            heard = self._heard.get(timeout=max(0.0, within_s))
        except queue.Empty:
            raise too_slow from None
        if heard is None:  # killed, most likely for its memory
            raise WriterUnavailableError(Reason.DIED)
        return heard

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                self._heard.put(json.loads(line))
            except ValueError:
                continue  # something that a library printed
        self._heard.put(None)


def _answer(child: _Child, limit_s: float, tell: Callable[[float], None]) -> dict[str, Any]:
    until = time.monotonic() + limit_s + GRACE_S
    too_slow = WriterUnavailableError(Reason.TOO_SLOW, seconds=f"{limit_s:.0f}")
    while True:
        heard = child.next(until - time.monotonic(), too_slow)
        if "done" not in heard:
            return heard
        tell(float(heard["done"]))
