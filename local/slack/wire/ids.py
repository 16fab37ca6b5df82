"""Identifiers that look like Slack's, and a clock that never gives one `ts` twice."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def new_id(prefix: str, length: int = 10) -> str:
    """A random id such as `Ev7K2M…`."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


class TsClock:
    """Timestamps as Slack's messages carry them: unique, and always later than the one before."""

    def __init__(self) -> None:
        self._last_us = 0

    def seen(self, ts: str) -> None:
        """Never go back behind a `ts` that was read from an earlier run."""
        seconds, _, fraction = ts.partition(".")
        self._last_us = max(self._last_us, int(seconds) * 1_000_000 + int(fraction or 0))

    def next(self) -> str:
        """The present, or a microsecond after the last answer."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"
