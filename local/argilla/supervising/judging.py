"""Judges the server's start by its progress: a slow one is waited for, one that stands still is a fault."""

from __future__ import annotations

import time

import psutil

from local.argilla.search import steps
from local.argilla.server.children import Child

QUIET_S = 60.0  # without a step, and without work
WORK_S = 0.5  # of a processor: less is waiting
STEP_S = 900.0  # however much work it does


class Start:
    """The start of one server."""

    def __init__(self, server: Child) -> None:
        self._server = server
        self._step = steps.reached()
        self._stepped = self._moved = time.monotonic()
        self._worked = 0.0

    @property
    def step(self) -> str:
        return self._step

    def fault(self) -> str | None:
        """Why it will not come up; None while it makes progress. To be asked again and again."""
        now, step, worked = time.monotonic(), steps.reached(), self._work()
        if step != self._step:
            self._step, self._stepped, self._moved = step, now, now
        if abs(worked - self._worked) > WORK_S:  # less if it was started again
            self._worked, self._moved = worked, now
        if now - self._moved > QUIET_S:
            return f"the server has made no progress for {QUIET_S:.0f} s (after the step {step!r})"
        if now - self._stepped > STEP_S:
            return f"the server has been at one step for {STEP_S:.0f} s (after {step!r})"
        return None

    def _work(self) -> float:
        """Seconds of a processor that the server has used."""
        if self._server.process is None:
            return 0.0
        try:
            used = psutil.Process(self._server.process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(used.user + used.system)
