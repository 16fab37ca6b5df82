"""The whole bot under load, on the local workspace's wire: how much it takes, what too much does, and for how long.

`corrigible run` and the local Slack are processes of their own, connected by Socket Mode; so is the baseline, a Bolt
app with one listener that posts a fixed text. The load is open-loop: each message goes out at its own time. A rate
holds where p99 from event to card is under 1 s over all messages of a step, and where sender and Slack kept to their
timetable. All of it shares this machine's cores.

Parts: rate (the highest that holds), overload (twice that, then half of it again), soak (half of it for minutes),
stored (the same with 1,000 and with 1,000,000 stored messages, in turns), start (from the process to the first card).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
from rich.status import Status

from benchmarks.load.parts import Measured
from benchmarks.load.plan import QUICK, Plan
from benchmarks.load.search import Figures, Search
from benchmarks.measuring import databases, rig
from benchmarks.measuring.processes import stoppable
from benchmarks.measuring.report import BenchmarkError, Bound, conclude, progress, refuse
from benchmarks.measuring.wire import Wire

PARTS = ("rate", "overload", "soak", "stored", "start")
DATABASES = {"sqlite": databases.sqlite, "postgresql": databases.postgresql}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parser().parse_args(arguments)
    plan = _plan(options)
    chosen = options.database or ("sqlite" if options.quick else "both")
    names = list(DATABASES) if chosen == "both" else [chosen]
    parts = options.only or PARTS
    try:
        with stoppable(), tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            figures = measure(Path(folder), plan, names, parts)
    except (BenchmarkError, httpx.HTTPError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return conclude("load", figures, [bound for name in names for bound in bounds(name, parts)])


def _plan(options: argparse.Namespace) -> Plan:
    plan = replace(QUICK if options.quick else Plan(), rate=options.rate)
    if options.soak_minutes is not None:
        plan = replace(plan, soak_s=60 * options.soak_minutes)
    if options.stored_messages is not None:
        plan = replace(plan, large=options.stored_messages)
    return plan


def _parser() -> argparse.ArgumentParser:
    described = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.load", description=__doc__, formatter_class=described
    )
    parser.add_argument("--quick", action="store_true", help="a minute, little of everything: a smoke test")
    parser.add_argument("--database", choices=[*DATABASES, "both"], help="default: both; with --quick sqlite")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--soak-minutes", type=float, help="default: 10")
    parser.add_argument("--stored-messages", type=int, help="default: 1,000,000")
    parser.add_argument(
        "--rate", type=float, help="the highest rate, where it is known: it is not searched for"
    )
    return parser


def bounds(name: str, parts: Sequence[str]) -> list[Bound]:
    """Return the targets for one database."""
    of_part = {
        "rate": [Bound(f"{name}_p99_s", at_most=1.0), Bound(f"{name}_highest_per_s", at_least=1.0)],
        "overload": [Bound(f"{name}_after_p99_s", at_most=1.0)],
        "soak": [Bound(f"{name}_soak_memory_ratio", at_most=1.05), Bound(f"{name}_soak_p99_s", at_most=1.0)],
        "stored": [
            Bound(f"{name}_stored_p50_ratio", at_most=1.2),
            Bound(f"{name}_stored_p99_ratio", at_most=1.2),
            Bound(f"{name}_stored_highest_ratio", at_most=1.2),
            Bound(f"{name}_stored_lost", at_most=0),
            Bound(f"{name}_stored_doubled", at_most=0),
        ],
        "start": [Bound(f"{name}_start_s", at_most=5.0)],
    }
    targets = [bound for part in parts for bound in of_part[part]]
    if _is_loaded(parts):
        targets += [Bound(f"{name}_lost", at_most=0), Bound(f"{name}_doubled", at_most=0)]
        targets += [Bound(f"{name}_memory_mb", at_most=700)]
    return targets


def measure(folder: Path, plan: Plan, names: Sequence[str], parts: Sequence[str]) -> Figures:
    """Each part on each database; the figures."""
    figures: Figures = {}
    with progress.status("Starting …") as status, ExitStack() as opened:
        # All are opened first: what is not there is said before anything is measured.
        fresh = {name: opened.enter_context(DATABASES[name](folder / name)) for name in names}
        baseline = _baseline(folder, plan, status) if "rate" in parts else {}
        for name in names:
            measured = Measured(folder / name, name, fresh[name], plan, status)
            figures |= measured.load(parts) if _is_loaded(parts) else {}
            figures |= measured.stored() if "stored" in parts else {}
            figures |= measured.start() if "start" in parts else {}
            if bare := baseline.get("baseline_highest_per_s"):
                figures[f"{name}_ratio_to_baseline"] = figures[f"{name}_highest_per_s"] / bare
    return figures | baseline


def _is_loaded(parts: Sequence[str]) -> bool:
    return not {"rate", "overload", "soak"}.isdisjoint(parts)


def _baseline(folder: Path, plan: Plan, status: Status) -> Figures:
    with rig.bare(folder / "bare") as bare:
        search = Search(Wire(bare), plan, status, "bare Bolt")
        found = search.run()
    return search.figures("baseline_", found)


if __name__ == "__main__":
    sys.exit(main())
