"""The parts of the benchmark of load, each on one database."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from rich.status import Status

from benchmarks.load.plan import Plan
from benchmarks.load.search import DRAIN_S, Figures, Search, say, warm_up
from benchmarks.measuring import rig
from benchmarks.measuring.databases import Fresh
from benchmarks.measuring.memory import children_mb, cpu_s, growth, resident_mb, sampled
from benchmarks.measuring.processes import Process
from benchmarks.measuring.rig import Rig
from benchmarks.measuring.stored import fill
from benchmarks.measuring.wire import Wire

# Corrections that come at once would set off a training run on the same cores.
SETTINGS = {"RETRAIN_AFTER_LABELS": "0"}
SETTLE_S = 1.0
IDLE_SHARE, IDLE_FOR_S, IDLE_WITHIN_S = 0.1, 3.0, 300.0
AFTER_S = 15.0


class Measured:
    """The parts, on one database."""

    def __init__(self, folder: Path, name: str, fresh: Fresh, plan: Plan, status: Status) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._name = name
        self._fresh = fresh
        self._plan = plan
        self._rate = plan.rate
        self._status = status

    def load(self, parts: Sequence[str]) -> Figures:
        """One bot: its highest rate, twice that, half of it for long."""
        figures: Figures = {}
        with self._ours("loaded") as ours, sampled(ours.bot_pid) as memory:
            wire = Wire(ours)
            rate = self._rate
            if rate is None:
                search = Search(wire, self._plan, self._status, f"Corrigible on {self._name}")
                self._rate = rate = search.run()
                figures |= search.figures("", rate)
            else:
                warm_up(wire, self._plan)
            if rate and "overload" in parts:
                figures |= self._overload(wire, rate, memory)
            if rate and "soak" in parts:
                figures |= self._soak(wire, rate / 2)
            time.sleep(SETTLE_S)  # a second card of a message would come now
            figures |= {"sent": wire.sent, "lost": wire.lost, "doubled": wire.doubled}
            figures |= {"memory_mb": max(memory), "memory_at_end_mb": resident_mb(ours.bot_pid)}
            figures |= {"children_mb": children_mb(ours.bot_pid)}
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
                _wait_until_idle(wire.rig.bot_pid, self._status)
                warm_up(wire, plan)
            card_s = self._in_turns(wires)
            rates = [
                Search(wire, plan, self._status, f"{size:,} stored on {self._name}").run()
                for wire, size in zip(wires, sizes, strict=True)
            ]
            time.sleep(SETTLE_S)
            figures: Figures = {
                "stored_per_s": self._moderate_per_s,
                "stored_lost": sum(wire.lost for wire in wires),
                "stored_doubled": sum(wire.doubled for wire in wires),
                "stored_memory_mb": resident_mb(wires[-1].rig.bot_pid),
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
        say("twice as much", over)
        self._status.update(f"Half as much, {rate / 2:.0f} messages/s, on {self._name} …")
        after = wire.step(rate / 2, min(AFTER_S, self._plan.overload_s), DRAIN_S)
        say("half as much, after that", after)
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
        with sampled(wire.rig.bot_pid) as memory:
            soaked = wire.step(rate, self._plan.soak_s, DRAIN_S)
        say("soak", soaked)
        return {
            "soak_s": self._plan.soak_s,
            "soak_per_s": rate,
            "soak_p50_s": soaked.p50_s,
            "soak_p99_s": soaked.p99_s,
            "soak_memory_ratio": growth(memory),
        }

    @property
    def _moderate_per_s(self) -> float:
        """A rate at which a bot is at ease: no more than half of what it takes, where that is known."""
        return min(self._plan.stored_per_s, self._rate / 2) if self._rate else self._plan.stored_per_s

    def _in_turns(self, wires: list[Wire]) -> list[list[float]]:
        card_s: list[list[float]] = [[] for _ in wires]
        for turn in range(1, self._plan.turns + 1):
            self._status.update(f"Turn {turn} of {self._plan.turns}, on {self._name} …")
            for wire, found in zip(wires, card_s, strict=True):
                step = wire.step(self._moderate_per_s, self._plan.stored_s, DRAIN_S)
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


def _wait_until_idle(pid: int, status: Status) -> None:
    """A bot that just started reads what people said before."""
    status.update("Waiting until the bot has read what is stored …")
    until = time.monotonic() + IDLE_WITHIN_S
    used_s = math.inf
    while used_s > IDLE_SHARE * IDLE_FOR_S and time.monotonic() < until:
        before = cpu_s(pid)
        time.sleep(IDLE_FOR_S)
        used_s = cpu_s(pid) - before
