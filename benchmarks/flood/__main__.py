"""1,000 messages within a minute, more than Slack lets anybody answer: what becomes of each, and in which order.

The bot posts 8 cards a second instead of one, so that a backlog of minutes takes one. Baseline: none; of a bot that
answers in the order in which messages came `newest_ahead` would be -0.75, of one that answers newest first it is 0.75.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.measuring import rig
from benchmarks.measuring.latencies import latencies
from benchmarks.measuring.processes import stoppable
from benchmarks.measuring.report import BenchmarkError, Bound, conclude, progress, refuse
from benchmarks.measuring.rig import Rig
from benchmarks.measuring.steady import steady

MESSAGES, QUICK = 1_000, 150
SECONDS = 60.0
POSTS_PER_S, BURST = 8.0, 10
PATIENCE = 2.0  # times as long as the pace alone needs
SETTLE_S = 2.0
TELLS = "answers are still to come"
ENDS = 4  # the newest and the oldest quarter of those that had to wait are compared
BOUNDS = (
    Bound("lost", at_most=0),
    Bound("doubled", at_most=0),
    Bound("notices", at_least=1, at_most=1),
    Bound("ack_p99_ms", at_most=3_000),
    Bound("newest_ahead", at_least=0.2),
)

Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} messages: a smoke test")
    options = parser.parse_args(arguments)
    number = QUICK if options.quick else MESSAGES
    try:
        with stoppable(), tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            figures = measure(Path(folder), number)
    except (BenchmarkError, httpx.HTTPError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return conclude("flood", figures, BOUNDS)


def measure(folder: Path, number: int) -> dict[str, float]:
    """Flood a bot and wait until it has answered; the figures."""
    rate = MESSAGES / SECONDS
    pace = {"POSTS_PER_SECOND": str(POSTS_PER_S), "POST_BURST": str(BURST)}
    with progress.status("Starting the bot …") as status, rig.ours(folder, **pace) as ours:
        status.update(f"{number:,} messages, {rate:.0f} a second …")
        sent = steady(ours.write, rate, number / rate)
        status.update("Waiting for the last card …")
        _await_cards(ours, sent.ts, PATIENCE * number / POSTS_PER_S)
        time.sleep(SETTLE_S)  # a second card of a message would come now
        deliveries, posts = ours.deliveries(), ours.posts()
    return {
        **latencies(sent.ts, deliveries, posts).figures(""),
        **_order(sent.ts, deliveries, posts),
        "notices": sum(TELLS in str(post["arguments"].get("text")) for post in posts),
        "posts_per_s": POSTS_PER_S,
        "sent_late_p99_ms": float(np.percentile(sent.late_s, 99) * 1000),
    }


def _await_cards(ours: Rig, ts: Sequence[str], within_s: float) -> None:
    until = time.monotonic() + within_s
    wanted = set(ts)
    while time.monotonic() < until:
        if wanted <= {post["arguments"].get("thread_ts") for post in ours.posts()}:
            return
        time.sleep(1.0)


def _order(ts: Sequence[str], deliveries: list[Json], posts: list[Json]) -> dict[str, float]:
    """What was answered while messages kept coming and how soon, and in which order the rest was."""
    came = {one["ts"]: one["sent_at"] for one in reversed(deliveries) if one["ts"] in set(ts)}
    threads = [(post["arguments"].get("thread_ts"), post["at"]) for post in posts]
    answered = {one: at for one, at in threads if one in came}
    over = max(came.values(), default=np.nan)
    meanwhile = [at - came[one] for one, at in answered.items() if at <= over]
    rest = sorted((one for one in came if answered.get(one, 0.0) > over), key=lambda one: answered[one])
    return {
        "took_s": max(answered.values(), default=np.nan) - min(came.values(), default=np.nan),
        "answered_meanwhile": len(meanwhile),
        "meanwhile_p50_ms": float(np.median(meanwhile) * 1000) if meanwhile else np.nan,
        "backlog": len(rest),
        **_places(rest),
    }


def _places(answered: Sequence[str]) -> dict[str, float]:
    """Where the newest and the oldest stand among messages in the order of their answers: 0 is first, 1 last."""
    by_age = sorted(answered)
    size = len(by_age) // ENDS
    place = {ts: at / (len(answered) - 1) for at, ts in enumerate(answered)} if size else {}
    newest = float(np.mean([place[ts] for ts in by_age[-size:]])) if size else np.nan
    oldest = float(np.mean([place[ts] for ts in by_age[:size]])) if size else np.nan
    return {"newest_place": newest, "oldest_place": oldest, "newest_ahead": oldest - newest}


if __name__ == "__main__":
    sys.exit(main())
