"""A load on one bot, step by step, read from its Slack as it goes: however long it lasts, the lists stay short."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.measuring.latencies import Latencies, latencies
from benchmarks.measuring.report import BenchmarkError
from benchmarks.measuring.rig import Rig
from benchmarks.measuring.steady import Sent, steady

READ_S = 1.0
DRAIN_READ_S = 0.25
CARD_READ_S = 0.1
FAST_S = 1.0
PROMPT_S = 0.25


@dataclass(frozen=True)
class Step:
    """One rate for a while.

    `lost`: messages without a card. `latencies` counts those without an acknowledgement too, which may come later.
    `accepted_p99_s`: how long after its time a message was in Slack, and on its way to the bot.
    `drained_s`: how long after the last message was sent the last card was posted.
    """

    rate_per_s: float
    latencies: Latencies
    lost: int
    accepted_p99_s: float
    drained_s: float

    @property
    def p99_s(self) -> float:
        """From event to card; a message that got none took forever."""
        if self.lost or not self.latencies.card_s:
            return math.inf
        return float(np.percentile(self.latencies.card_s, 99))

    @property
    def p50_s(self) -> float:
        """From event to card."""
        return float(np.median(self.latencies.card_s)) if self.latencies.card_s else math.inf

    @property
    def is_offered(self) -> bool:
        """Did sender and Slack keep up with their own timetable?"""
        return self.accepted_p99_s < PROMPT_S

    @property
    def holds(self) -> bool:
        """Was this rate offered, and was the bot fast at it?"""
        return self.is_offered and self.p99_s < FAST_S


class Wire:
    """Between one Slack and its bot."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sent = 0
        self._reading_turn = threading.Lock()
        self._deliveries: dict[str, dict[str, Any]] = {}
        self._posts: list[dict[str, Any]] = []
        self._missing: set[str] = set()
        self._cards: Counter[str] = Counter()

    @property
    def lost(self) -> int:
        """Messages since the beginning that never got a card."""
        return len(self._missing - self._cards.keys())

    @property
    def doubled(self) -> int:
        """Messages since the beginning that got more than one."""
        self.read()
        return sum(number > 1 for number in self._cards.values())

    def step(self, rate_per_s: float, seconds: float, drain_s: float) -> Step:
        """Load the bot, then wait until it is done, for at most `drain_s`."""
        self._deliveries, self._posts = {}, []
        with self._being_read():
            sent = steady(self.rig.write, rate_per_s, seconds)
        ended = time.monotonic()
        self.sent += len(sent.ts)
        lost = self._drain(sent, drain_s)
        last = max((post["at"] for post in self._posts), default=math.inf)
        found = latencies(sent.ts, list(self._deliveries.values()), self._posts)
        accepted_p99_s = float(np.percentile(sent.accepted_s, 99))
        return Step(rate_per_s, found, lost, accepted_p99_s, max(0.0, last - ended))

    def card_at(self, ts: str, patience_s: float) -> float:
        """When a message got its card, on this machine's monotonic clock; waits for it."""
        until = time.monotonic() + patience_s
        while ts not in self._cards:
            if time.monotonic() > until:
                raise BenchmarkError(f"no card within {patience_s:.0f} s")
            time.sleep(CARD_READ_S)
            self.read()
        return float(next(post["at"] for post in self._posts if post["arguments"]["thread_ts"] == ts))

    def read(self) -> None:
        """Take what has passed since the last time."""
        with self._reading_turn:
            deliveries, calls = self.rig.take()
            self._deliveries |= {one["event_id"]: one for one in deliveries if one["type"] == "message"}
            for call in calls:
                thread = call["arguments"].get("thread_ts")
                if call["method"] == "chat.postMessage" and thread:
                    self._posts.append({"at": call["at"], "arguments": {"thread_ts": thread}})
                    self._cards[thread] += 1

    def _drain(self, sent: Sent, drain_s: float) -> int:
        until = time.monotonic() + drain_s
        missing = set(sent.ts)
        while True:
            self.read()
            missing -= self._cards.keys()
            if not missing or time.monotonic() > until:
                break
            time.sleep(DRAIN_READ_S)
        self._missing |= missing
        return len(missing)

    @contextmanager
    def _being_read(self) -> Iterator[None]:
        over = threading.Event()

        def read() -> None:
            while not over.wait(READ_S):
                self.read()

        reader = threading.Thread(target=read, name="reader")
        reader.start()
        try:
            yield
        finally:
            over.set()
            reader.join()
