"""The search for the highest rate that one bot takes."""

from __future__ import annotations

from rich.status import Status

from benchmarks.load.highest import highest
from benchmarks.load.plan import Plan
from benchmarks.measuring.memory import cpu_s
from benchmarks.measuring.report import progress
from benchmarks.measuring.rig import Rig
from benchmarks.measuring.wire import Step, Wire

WARM_UP_PER_S, WARM_UP_S = 10.0, 20.0
DRAIN_S = 180.0

Figures = dict[str, float]


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
        warm_up(self._wire, self._plan)
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
        say(self._whose, step)
        return step.holds


def warm_up(wire: Wire, plan: Plan) -> None:
    """Messages whose time does not count."""
    wire.step(min(WARM_UP_PER_S, plan.most_per_s), min(WARM_UP_S, 2 * plan.step_s), DRAIN_S)


def say(what: str, step: Step) -> None:
    """Show how a step went."""
    late = "" if step.is_offered else f"; sender or Slack were late: {step.accepted_p99_s:.2f} s"
    progress.print(
        f"{what}: {step.rate_per_s:.1f}/s, p50 {step.p50_s:.3f} s, p99 {step.p99_s:.3f} s, "
        f"drained in {step.drained_s:.1f} s, lost {step.lost}{late}",
        markup=False,
        soft_wrap=True,
    )


def _rate(step: Step) -> float:
    return step.rate_per_s


def _cpu(of: Rig) -> tuple[float, float]:
    """Processor seconds of bot and Slack."""
    return cpu_s(of.bot_pid), cpu_s(of.slack.pid)
