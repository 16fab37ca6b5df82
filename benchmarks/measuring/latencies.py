"""How long each message took to be acknowledged and to get its card, as its Slack saw it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

Json = dict[str, Any]

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Latencies:
    """`ack_s`, `card_s`: of the messages that got one. `lost`: without a card or an acknowledgement."""

    messages: int
    ack_s: list[float]
    card_s: list[float]
    lost: int
    doubled: int

    def figures(self, whose: str) -> dict[str, float]:
        """In ms, by percentile."""
        return {
            f"{whose}messages": self.messages,
            f"{whose}lost": self.lost,
            f"{whose}doubled": self.doubled,
            **_percentiles(f"{whose}ack", self.ack_s),
            **_percentiles(f"{whose}card", self.card_s),
        }


def latencies(ts: Collection[str], deliveries: list[Json], posts: list[Json]) -> Latencies:
    """Read them from what passed over the wire between one Slack and its bot."""
    asked = set(ts)
    sent = {one["ts"]: one for one in deliveries if one["type"] == "message" and one["ts"] in asked}
    threads = [post["arguments"].get("thread_ts") for post in posts]
    cards = Counter(thread for thread in threads if thread in asked)
    first = {thread: post["at"] for thread, post in reversed(list(zip(threads, posts, strict=True)))}
    acknowledged = {key: one for key, one in sent.items() if one["acknowledged_at"] is not None}
    return Latencies(
        messages=len(ts),
        ack_s=[one["acknowledged_at"] - one["sent_at"] for one in acknowledged.values()],
        card_s=[first[key] - one["sent_at"] for key, one in sent.items() if key in cards],
        lost=sum(key not in acknowledged or key not in cards for key in ts),
        doubled=sum(number > 1 for number in cards.values()),
    )


def _percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    values = np.percentile(seconds, PERCENTILES) if seconds else [np.nan] * len(PERCENTILES)
    return {f"{name}_p{at}_ms": float(value * 1000) for at, value in zip(PERCENTILES, values, strict=True)}
