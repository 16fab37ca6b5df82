"""From a message to its acknowledgement and to its card, at a steady rate, through the real bot on SQLite.

Baseline: a Bolt app with one listener that posts a fixed text. Both run as processes of their own, each with a
local Slack of its own, and take turns, so that what else the machine does befalls both.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np

from benchmarks.measuring import rig
from benchmarks.measuring.latencies import Latencies, latencies
from benchmarks.measuring.processes import stoppable
from benchmarks.measuring.report import BenchmarkError, Bound, conclude, progress, refuse
from benchmarks.measuring.rig import Rig
from benchmarks.measuring.steady import Sent, steady

RATE_PER_S = 20.0
SECONDS = 30.0
TURNS = 2
WARM_UP_S = 2.0
DRAIN_S = 30.0
SETTLE_S = 1.0
BOUNDS = (
    Bound("ratio_ack_p50", at_most=2.0),
    Bound("lost", at_most=0),
    Bound("doubled", at_most=0),
    Bound("baseline_lost", at_most=0),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4 s instead of 30: a smoke test")
    options = parser.parse_args(arguments)
    try:
        with stoppable(), tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            figures = measure(Path(folder), 4.0 if options.quick else SECONDS)
    except (BenchmarkError, httpx.HTTPError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return conclude("pipeline", figures, BOUNDS)


def measure(folder: Path, seconds: float) -> dict[str, float]:
    """Load both bots in turns; the figures."""
    with progress.status("Starting both bots …") as status:
        with rig.bare(folder / "bare") as bare, rig.ours(folder / "ours") as ours:
            loads = Load(bare), Load(ours)
            for load in loads:
                load.warm_up()
            for turn in range(1, TURNS + 1):
                for load, whose in zip(loads, ("bare Bolt", "Corrigible"), strict=True):
                    status.update(f"Turn {turn} of {TURNS}: {RATE_PER_S:.0f} messages/s to {whose} …")
                    load.turn(seconds / TURNS)
            time.sleep(SETTLE_S)  # a second card of a message would come now
            baseline, own = (load.latencies() for load in loads)
        late_s = [late for load in loads for late in load.late_s]
    return {
        **own.figures(""),
        **baseline.figures("baseline_"),
        "ratio_ack_p50": _median(own) / _median(baseline),
        "rate_per_s": RATE_PER_S,
        "sent_late_p99_ms": float(np.percentile(late_s, 99) * 1000),
    }


class Load:
    """What was sent to one bot so far."""

    def __init__(self, to: Rig) -> None:
        self._to = to
        self._ts: list[str] = []
        self.late_s: list[float] = []

    def warm_up(self) -> None:
        """Messages that do not count."""
        self._drain(self._send(WARM_UP_S).ts)

    def turn(self, seconds: float) -> None:
        """Load the bot, then wait until it is done."""
        sent = self._send(seconds)
        self._ts += sent.ts
        self.late_s += sent.late_s
        self._drain(sent.ts)

    def latencies(self) -> Latencies:
        return self._read(self._ts)

    def _send(self, seconds: float) -> Sent:
        return steady(self._to.write, RATE_PER_S, seconds)

    def _drain(self, ts: list[str]) -> None:
        until = time.monotonic() + DRAIN_S
        while self._read(ts).lost and time.monotonic() < until:
            time.sleep(0.5)

    def _read(self, ts: list[str]) -> Latencies:
        return latencies(ts, self._to.deliveries(), self._to.posts())


def _median(of: Latencies) -> float:
    return float(np.median(of.ack_s)) if of.ack_s else math.nan


if __name__ == "__main__":
    sys.exit(main())
