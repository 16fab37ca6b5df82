"""Troubles on order, and a record of the bot's calls."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from local.slack.wire.wire import Json, SlackError

MOST_RECORDED = 10_000


class FaultKind(StrEnum):
    """What can go wrong with a call."""

    ERROR = "error"  # answered {"ok": false}
    STATUS = "status"  # answered with an HTTP status, not carried out
    RATE_LIMITED = "rate_limited"  # 429 with Retry-After
    DELAY = "delay"  # carried out, but late
    NO_ANSWER = "no_answer"  # not carried out, the connection closed
    ANSWER_LOST = "answer_lost"  # carried out, then answered 500


@dataclass
class Fault:
    """One trouble, for the next `times` calls of `method` ("*" means every method), in one channel if it is named."""

    method: str
    kind: FaultKind
    error: str = "internal_error"
    status: int = 500
    retry_after: int = 1
    seconds: float = 0.5
    times: int = 1
    channel: str = ""


class Faults:
    """Faults of one method happen in the order in which they were asked for."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._calls: deque[Json] = deque(maxlen=MOST_RECORDED)

    def order(self, body: Json) -> None:
        """Ask for a fault."""
        try:
            fault = Fault(**{**body, "kind": FaultKind(body["kind"])})
            fault.times, fault.seconds = int(fault.times), float(fault.seconds)
        except (TypeError, KeyError, ValueError) as error:
            raise SlackError("invalid_arguments", f"not a fault: {error}") from error
        self._ordered.append(fault)

    def take(self, method: str, arguments: Json) -> Fault | None:
        """The fault that befalls this call, if any."""
        for fault in self._ordered:
            if fault.method in (method, "*") and fault.channel in ("", arguments.get("channel")):
                fault.times -= 1
                if fault.times <= 0:
                    self._ordered.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """No more troubles."""
        self._ordered.clear()

    def record(self, method: str, arguments: Json, fault: Fault | None) -> None:
        """Remember a call, without its token."""
        call = {"method": method, "arguments": arguments, "at": time.monotonic()}
        self._calls.append({**call, "fault": fault.kind.value} if fault else call)

    def calls(self, method: str | None) -> list[Json]:
        """The calls of one method, or all, oldest first."""
        return [call for call in self._calls if method in (None, call["method"])]

    def take_calls(self) -> list[Json]:
        """All calls, oldest first; they leave the record."""
        calls, self._calls = list(self._calls), deque(maxlen=MOST_RECORDED)
        return calls

    def forget_calls(self) -> None:
        """Begin the record anew."""
        self._calls.clear()
