"""The writing process, seen from its owner: started when it is needed, stopped when it is too slow or idle.

A process of its own: a model that needs too much time or memory takes neither from the bot, and can be ended.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from learning.summarizing.reasons import Reason
from learning.summarizing.thread import Utterance

START_S = 120.0
GRACE_S = 3.0
STOP_S = 5.0
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
    """Owns at most one run of `python -m learning.summarizing`. Used by one thread at a time."""

    def __init__(self, model: str | None, threads: int, encoder: str | None = None) -> None:
        self._model = model
        self._encoder = encoder
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        self._heard: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._title = ""
        self._used_at = 0.0
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        process = self._process
        return process.pid if process else None

    def write(
        self, utterances: Sequence[Utterance], limit_s: float, tell: Callable[[float], None] = lambda _: None
    ) -> Written:
        """What the model writes of these within `limit_s`. Raises WriterUnavailableError."""
        with self._turn:
            try:
                self._begin()
                began = time.monotonic()
                self._send({"utterances": [asdict(one) for one in utterances], "limit_s": limit_s})
                answer = self._answer(limit_s, tell)
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
        if self._process and time.monotonic() - self._used_at > IDLE_S and self._turn.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._turn.release()

    def close(self) -> None:
        """End it now, whatever it does."""
        self._end()

    def _begin(self) -> None:
        if self._process and self._process.poll() is None:
            return
        self._end()
        quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}
        bounded = {"OMP_NUM_THREADS": str(self._threads), "OPENBLAS_NUM_THREADS": str(self._threads)}
        self._heard = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603
            [
                sys.executable,
                "-m",
                "learning.summarizing",
                self._model or "",
                str(self._threads),
                self._encoder or "",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what libraries print may quote what people wrote
            env={**os.environ, **quiet, **bounded},
            cwd=Path(__file__).parents[2],
            process_group=0,  # as in training: Ctrl-C is for its owner, and it gives way to it
        )
        listener = threading.Thread(
            target=_listen, args=(self._process, self._heard), name="writing", daemon=True
        )
        listener.start()
        ready = self._next(START_S, WriterUnavailableError(Reason.SLOW_TO_LOAD))
        if reason := ready.get("failed"):
            log.error("summarizer not loaded reason=%s", ready["why"])
            raise WriterUnavailableError(Reason(reason))
        self._title = str(ready["ready"])
        self._used_at = time.monotonic()

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise WriterUnavailableError(Reason.DIED) from error

    def _answer(self, limit_s: float, tell: Callable[[float], None]) -> dict[str, Any]:
        until = time.monotonic() + limit_s + GRACE_S
        too_slow = WriterUnavailableError(Reason.TOO_SLOW, seconds=f"{limit_s:.0f}")
        while True:
            heard = self._next(until - time.monotonic(), too_slow)
            if "done" not in heard:
                return heard
            tell(float(heard["done"]))

    def _next(self, within_s: float, too_slow: WriterUnavailableError) -> dict[str, Any]:
        try:
            heard = self._heard.get(timeout=max(0.0, within_s))
        except queue.Empty:
            raise too_slow from None
        if heard is None:  # killed, most likely for its memory
            raise WriterUnavailableError(Reason.DIED)
        return heard

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.kill()
        process.wait(STOP_S)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    continue  # it died with something unread in the pipe


def _listen(process: subprocess.Popen[bytes], heard: queue.Queue[dict[str, Any] | None]) -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            try:
                heard.put(json.loads(line))
            except ValueError:
                continue  # something that a library printed
    except (OSError, ValueError):
        pass  # closed by the owner
    heard.put(None)
