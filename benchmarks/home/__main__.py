"""How soon the App Home is seen at a million stored messages: from opening the tab to the view in Slack.

The whole bot as its own process on SQLite, over the local workspace's wire. Baseline: the same with a thousand
messages, in the same run. One message in fifty was corrected; all were written in the last 35 days. The first opening
comes while the bot that just started still reads what it knows, and is told apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measuring.report import Bound, conclude
from benchmarks.measuring.rig import ANA, ours
from benchmarks.measuring.stored import fill
from local.slack.person import Person

SMALL, LARGE = 1_000, 1_000_000
OPENED = 20
BOUNDS = (Bound("large_max_s", at_most=1.0),)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.home", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten thousand messages: a smoke test")
    options = parser.parse_args(arguments)
    large = 10_000 if options.quick else LARGE
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        small_s = _opened_s(Path(folder, "small"), SMALL)
        large_s = _opened_s(Path(folder, "large"), large)
    small_p50_s, large_p50_s = float(np.median(small_s)), float(np.median(large_s))
    figures = {
        "messages": large,
        "small_p50_s": small_p50_s,
        "small_max_s": max(small_s),
        "large_first_s": large_s[0],
        "large_p50_s": large_p50_s,
        "large_max_s": max(large_s[1:]),
        "ratio_to_small": large_p50_s / small_p50_s,
    }
    return conclude("home", figures, BOUNDS)


def _opened_s(folder: Path, messages: int) -> list[float]:
    folder.mkdir()
    fill(f"sqlite:///{folder}/corrigible.db", messages)
    # Thousands of corrections that come at once would set off a training run on the same cores.
    with ours(folder, RETRAIN_AFTER_LABELS="0") as rig, Person(rig.address, ANA) as person:
        return [_open_s(person) for _ in range(OPENED)]


def _open_s(person: Person) -> float:
    began = time.perf_counter()
    person.home()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
