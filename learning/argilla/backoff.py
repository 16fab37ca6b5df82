"""How long to leave a server alone that does not answer: longer each time, never at the same moment as others."""

from __future__ import annotations

import logging
import random
import time

log = logging.getLogger(__name__)

LONGEST_S = 60.0


def back_off_s(failures: int, longest_s: float = LONGEST_S) -> float:
    """Exponential back-off with jitter, in seconds, after so many failures (1 or more)."""
    return float(min(2.0 ** min(failures - 1, 30), longest_s) * random.uniform(0.5, 1.0))  # noqa: S311


class Patience:
    """Remembers failures, and until when not to try again. Says so once, and once that all is well again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._failures = 0
        self._until = 0.0
        self._failed_at = 0.0
        self._reason = ""
        self.succeeded_at = 0.0  # seconds since 1970

    def left_s(self) -> float:
        """Seconds for which to wait still; 0 where it is time to try."""
        return max(0.0, self._until - time.monotonic())

    def failed(self, error: Exception) -> float:
        """It failed again; for how many seconds to wait."""
        if not self._failures:
            self._failed_at = time.time()
        self._reason = getattr(error, "reason", type(error).__name__)
        self._failures += 1
        pause_s = back_off_s(self._failures)
        self._until = time.monotonic() + pause_s
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        log.log(level, "%s waits: %s", self._what, error)
        return pause_s

    def succeeded(self) -> None:
        if self._failures:
            log.warning("%s goes on, failures=%d", self._what, self._failures)
        self._failures, self._until = 0, 0.0
        self.succeeded_at = time.time()

    def leave_to_others(self) -> None:
        """Another process does the work: whether it fails is not for us to say."""
        self._failures, self._until = 0, 0.0

    def failing_since(self, at: float) -> None:
        """Note since when it has failed, which may be before this process knew of it."""
        self._failed_at = min(self._failed_at, at)

    @property
    def failing(self) -> tuple[str, float] | None:
        """A code for the latest failure, and since when it has failed (seconds since 1970); None if all is well."""
        return (self._reason, self._failed_at) if self._failures else None

    @property
    def is_well(self) -> bool:
        return self._failures == 0
