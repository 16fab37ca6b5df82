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
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
from rich.status import Status

from benchmarks import databases, rig
from benchmarks.databases import Fresh
from benchmarks.highest import highest
from benchmarks.memory import children_mb, cpu_s, growth, resident_mb, sampled
from benchmarks.processes import Process, stoppable
from benchmarks.report import BenchmarkError, Bound, conclude, progress, refuse
from benchmarks.rig import Rig
from benchmarks.stored import fill
from benchmarks.wire import Step, Wire

PARTS = ("rate", "overload", "soak", "stored", "start")
DATABASES = {"sqlite": databases.sqlite, "postgresql": databases.postgresql}
# Corrections that come at once would set off a training run on the same cores.
SETTINGS = {"RETRAIN_AFTER_LABELS": "0"}
WARM_UP_PER_S, WARM_UP_S = 10.0, 20.0
SETTLE_S = 1.0
DRAIN_S = 180.0
IDLE_SHARE, IDLE_FOR_S, IDLE_WITHIN_S = 0.1, 3.0, 300.0
AFTER_S = 15.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """How much of everything. `rate`: the highest, where it is known from an earlier run."""

    step_s: float = 12.0
    start_per_s: float = 8.0
    most_per_s: float = 1024.0
    overload_s: float = 25.0
    soak_s: float = 600.0
    small: int = 1_000
    large: int = 1_000_000
    stored_per_s: float = 20.0
    stored_s: float = 15.0
    turns: int = 4
    starts: int = 3
    rate: float | None = None


QUICK = Plan(
    step_s=2.0,
    start_per_s=4.0,
    most_per_s=8.0,
    overload_s=2.0,
    soak_s=6.0,
    small=100,
    large=2_000,
    stored_per_s=8.0,
    stored_s=2.0,
    turns=2,
    starts=1,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parser().parse_args(arguments)
    plan = replace(QUICK if options.quick else Plan(), rate=options.rate)
    if options.soak_minutes is not None:
        plan = replace(plan, soak_s=60 * options.soak_minutes)
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


def _parser() -> argparse.ArgumentParser:
    described = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.load", description=__doc__, formatter_class=described
    )
    parser.add_argument("--quick", action="store_true", help="a minute, little of everything: a smoke test")
    parser.add_argument("--database", choices=[*DATABASES, "both"], help="default: both; with --quick sqlite")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--soak-minutes", type=float, help="default: 10")
    parser.add_argument(
        "--rate", type=float, help="the highest rate, where it is known: it is not searched for"
    )
    return parser


def bounds(name: str, parts: Sequence[str]) -> list[Bound]:
    """What is asked of the figures of one database."""
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
    asked = [bound for part in parts for bound in of_part[part]]
    if _is_loaded(parts):
        asked += [Bound(f"{name}_lost", at_most=0), Bound(f"{name}_doubled", at_most=0)]
        asked += [Bound(f"{name}_memory_mb", at_most=700)]
    return asked


def measure(folder: Path, plan: Plan, names: Sequence[str], parts: Sequence[str]) -> Figures:
    """Each part on each database; the figures."""
    figures: Figures = {}
    with progress.status("Starting …") as status:
        if "rate" in parts:
            figures |= _baseline(folder, plan, status)
        for name in names:
            with DATABASES[name](folder / name) as fresh:
                measured = Measured(folder / name, name, fresh, plan, status)
                if _is_loaded(parts):
                    figures |= measured.load(parts)
                if "stored" in parts:
                    figures |= measured.stored()
                if "start" in parts:
                    figures |= measured.start()
            if "rate" in parts:
                ratio = figures[f"{name}_highest_per_s"] / figures["baseline_highest_per_s"]
                figures[f"{name}_ratio_to_baseline"] = ratio
    return figures


def _is_loaded(parts: Sequence[str]) -> bool:
    return not {"rate", "overload", "soak"}.isdisjoint(parts)


def _baseline(folder: Path, plan: Plan, status: Status) -> Figures:
    with rig.bare(folder / "bare") as bare:
        search = Search(Wire(bare), plan, status, "bare Bolt")
        found = search.run()
    return search.figures("baseline_", found)


class Search:
    """For the highest rate of one bot. `limited`: the first rate that failed did so in Slack or in the sender."""

    def __init__(self, wire: Wire, plan: Plan, status: Status, whose: str) -> None:
        self._wire = wire
        self._plan = plan
        self._status = status
        self._whose = whose
        self._steps: list[Step] = []
        self._cpu: dict[float, tuple[float, float]] = {}

    def run(self) -> float:
        """The highest rate that holds; at most what the plan says."""
        _warm_up(self._wire, self._plan)
        return highest(self._holds, self._plan.start_per_s, self._plan.most_per_s)

    def figures(self, prefix: str, rate: float) -> Figures:
        """What was seen at that rate, the last time."""
        at = [step for step in self._steps if step.rate_per_s == rate] or self._steps
        failed = min((step for step in self._steps if not step.holds), key=_rate, default=None)
        seen, (bot_s, slack_s) = at[-1], self._cpu[at[-1].rate_per_s]
        return {
            f"{prefix}highest_per_s": rate,
            f"{prefix}p50_s": seen.p50_s,
            f"{prefix}p99_s": seen.p99_s,
            f"{prefix}accepted_p99_s": seen.accepted_p99_s,
            f"{prefix}bot_cpu_ms": 1000 * bot_s / seen.latencies.messages,
            f"{prefix}slack_cpu_ms": 1000 * slack_s / seen.latencies.messages,
            f"{prefix}is_limited_by_slack": float(failed is not None and not failed.is_offered),
        }

    def _holds(self, rate: float) -> bool:
        self._status.update(f"{rate:.0f} messages/s to {self._whose} …")
        before = _cpu(self._wire.rig)
        step = self._wire.step(rate, self._plan.step_s, DRAIN_S)
        after = _cpu(self._wire.rig)
        self._steps.append(step)
        self._cpu[rate] = after[0] - before[0], after[1] - before[1]
        _say(self._whose, step)
        return step.holds


class Measured:
    """The parts, on one database."""

    def __init__(self, folder: Path, name: str, fresh: Fresh, plan: Plan, status: Status) -> None:
        self._folder = folder
        self._name = name
        self._fresh = fresh
        self._plan = plan
        self._status = status

    def load(self, parts: Sequence[str]) -> Figures:
        """One bot: its highest rate, twice that, half of it for long."""
        figures: Figures = {}
        with self._ours("loaded") as ours, sampled(_bot(ours).pid) as memory:
            wire = Wire(ours)
            rate = self._plan.rate
            if rate is None:
                search = Search(wire, self._plan, self._status, f"Corrigible on {self._name}")
                rate = search.run()
                figures |= search.figures("", rate)
            else:
                _warm_up(wire, self._plan)
            if rate and "overload" in parts:
                figures |= self._overload(wire, rate, memory)
            if rate and "soak" in parts:
                figures |= self._soak(wire, rate / 2)
            time.sleep(SETTLE_S)  # a second card of a message would come now
            figures |= {"sent": wire.sent, "lost": wire.lost, "doubled": wire.doubled}
            figures |= {"memory_mb": max(memory), "memory_at_end_mb": resident_mb(_bot(ours).pid)}
            figures |= {"children_mb": children_mb(_bot(ours).pid)}
        return self._named(figures)

    def stored(self) -> Figures:
        """Few and many stored messages, two bots in turns."""
        plan, sizes = self._plan, (self._plan.small, self._plan.large)
        names = [f"stored_{size}" for size in sizes]
        self._status.stop()  # a bar of progress takes its place
        urls = [self._fresh(name) for name in names]
        for url, size in zip(urls, sizes, strict=True):
            fill(url, size)
        self._status.start()
        with ExitStack() as bots:
            wires = [
                Wire(bots.enter_context(self._ours(name, url))) for name, url in zip(names, urls, strict=True)
            ]
            for wire in wires:
                _wait_until_idle(_bot(wire.rig), self._status)
                _warm_up(wire, plan)
            card_s = self._in_turns(wires)
            rates = [
                Search(wire, plan, self._status, f"{size:,} stored on {self._name}").run()
                for wire, size in zip(wires, sizes, strict=True)
            ]
            time.sleep(SETTLE_S)
            figures: Figures = {
                "stored_lost": sum(wire.lost for wire in wires),
                "stored_doubled": sum(wire.doubled for wire in wires),
                "stored_memory_mb": resident_mb(_bot(wires[-1].rig).pid),
            }
        return self._named(figures | _compared(card_s, rates))

    def start(self) -> Figures:
        """A bot that ran before, started again while a message waits: seconds to its card."""
        folder, url = self._folder / "start", self._fresh("start")
        took_s = []
        with rig.slack(folder) as slack:
            with self._bot_of(slack, folder, url):
                slack.switch_on()
            for number in range(self._plan.starts):
                self._status.update(f"Starting on {self._name} …")
                took_s.append(self._first_card_s(slack, folder, url, f"Is the site down? ({number})"))
        return self._named({"start_s": float(np.median(took_s)), "start_max_s": max(took_s)})

    def _first_card_s(self, slack: Rig, folder: Path, url: str, text: str) -> float:
        wire, ts = Wire(slack), slack.write(text)
        began = time.monotonic()
        with self._bot_of(slack, folder, url):
            return wire.card_at(ts, rig.START_S) - began

    def _overload(self, wire: Wire, rate: float, memory: list[float]) -> Figures:
        before = len(memory)
        self._status.update(f"Twice as much, {2 * rate:.0f} messages/s, on {self._name} …")
        over = wire.step(2 * rate, self._plan.overload_s, DRAIN_S)
        _say("twice as much", over)
        self._status.update(f"Half as much, {rate / 2:.0f} messages/s, on {self._name} …")
        after = wire.step(rate / 2, min(AFTER_S, self._plan.overload_s), DRAIN_S)
        _say("half as much, after that", after)
        return {
            "overload_per_s": 2 * rate,
            "overload_accepted_p99_s": over.accepted_p99_s,
            "overload_p50_s": over.p50_s,
            "overload_p99_s": over.p99_s,
            "overload_drained_s": over.drained_s,
            "overload_memory_ratio": max(memory[before - 1 :]) / memory[before - 1],
            "after_p99_s": after.p99_s,
        }

    def _soak(self, wire: Wire, rate: float) -> Figures:
        self._status.update(f"{rate:.0f} messages/s for {self._plan.soak_s:.0f} s on {self._name} …")
        with sampled(_bot(wire.rig).pid) as memory:
            soaked = wire.step(rate, self._plan.soak_s, DRAIN_S)
        _say("soak", soaked)
        return {
            "soak_s": self._plan.soak_s,
            "soak_per_s": rate,
            "soak_p50_s": soaked.p50_s,
            "soak_p99_s": soaked.p99_s,
            "soak_memory_ratio": growth(memory),
        }

    def _in_turns(self, wires: list[Wire]) -> list[list[float]]:
        card_s: list[list[float]] = [[] for _ in wires]
        for turn in range(1, self._plan.turns + 1):
            self._status.update(f"Turn {turn} of {self._plan.turns}, on {self._name} …")
            for wire, found in zip(wires, card_s, strict=True):
                step = wire.step(self._plan.stored_per_s, self._plan.stored_s, DRAIN_S)
                found += step.latencies.card_s
        return card_s

    @contextmanager
    def _ours(self, name: str, url: str | None = None) -> Iterator[Rig]:
        with rig.ours(self._folder / name, DATABASE_URL=url or self._fresh(name), **SETTINGS) as ours:
            yield ours

    @contextmanager
    def _bot_of(self, slack: Rig, folder: Path, url: str) -> Iterator[Process]:
        with rig.our_bot(slack, folder, DATABASE_URL=url, **SETTINGS) as bot:
            yield bot

    def _named(self, figures: Figures) -> Figures:
        return {f"{self._name}_{figure}": value for figure, value in figures.items()}


def _compared(card_s: list[list[float]], rates: list[float]) -> Figures:
    p50_s, p99_s = ([float(np.percentile(found, at)) for found in card_s] for at in (50, 99))
    return {
        "stored_small_p50_s": p50_s[0],
        "stored_large_p50_s": p50_s[1],
        "stored_p50_ratio": p50_s[1] / p50_s[0],
        "stored_small_p99_s": p99_s[0],
        "stored_large_p99_s": p99_s[1],
        "stored_p99_ratio": p99_s[1] / p99_s[0],
        "stored_small_highest_per_s": rates[0],
        "stored_large_highest_per_s": rates[1],
        "stored_highest_ratio": rates[0] / rates[1] if rates[1] else math.inf,
    }


def _warm_up(wire: Wire, plan: Plan) -> None:
    """Messages whose time does not count."""
    wire.step(min(WARM_UP_PER_S, plan.most_per_s), min(WARM_UP_S, 2 * plan.step_s), DRAIN_S)


def _wait_until_idle(bot: Process, status: Status) -> None:
    """A bot that just started reads what people said before."""
    status.update("Waiting until the bot has read what is stored …")
    until = time.monotonic() + IDLE_WITHIN_S
    used_s = math.inf
    while used_s > IDLE_SHARE * IDLE_FOR_S and time.monotonic() < until:
        before = cpu_s(bot.pid)
        time.sleep(IDLE_FOR_S)
        used_s = cpu_s(bot.pid) - before


def _say(what: str, step: Step) -> None:
    late = "" if step.is_offered else f"; sender or Slack were late: {step.accepted_p99_s:.2f} s"
    progress.print(
        f"{what}: {step.rate_per_s:.1f}/s, p50 {step.p50_s:.3f} s, p99 {step.p99_s:.3f} s, "
        f"drained in {step.drained_s:.1f} s, lost {step.lost}{late}",
        markup=False,
        soft_wrap=True,
    )


def _rate(step: Step) -> float:
    return step.rate_per_s


def _bot(of: Rig) -> Process:
    assert of.bot is not None
    return of.bot


def _cpu(of: Rig) -> tuple[float, float]:
    """Processor seconds of bot and Slack."""
    return cpu_s(_bot(of).pid), cpu_s(of.slack.pid)


if __name__ == "__main__":
    sys.exit(main())
