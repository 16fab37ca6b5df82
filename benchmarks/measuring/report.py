"""What every benchmark ends with: one JSON object on the last line, and an exit status that says whether it holds."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

Figures = Mapping[str, float]

HOLDS, FAILS, NO_DATA = 0, 1, 2

progress = Console(stderr=True, highlight=False)


class BenchmarkError(RuntimeError):
    """A benchmark could not be run to its end; the message says why."""


@dataclass(frozen=True)
class Bound:
    """The target for one figure. A figure that is missing or not a number misses it."""

    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, figures: Figures) -> bool:
        value = figures.get(self.figure, math.nan)
        is_high = self.at_least is None or value >= self.at_least
        is_low = self.at_most is None or value <= self.at_most
        return math.isfinite(value) and is_high and is_low

    @property
    def target(self) -> dict[str, float]:
        limits = {"at_least": self.at_least, "at_most": self.at_most}
        return {name: limit for name, limit in limits.items() if limit is not None}


def conclude(name: str, figures: Figures, bounds: Sequence[Bound]) -> int:
    """Print the verdict as the last line; the exit status."""
    broken = [bound for bound in bounds if not bound.holds(figures)]
    for bound in broken:
        found = figures.get(bound.figure)
        progress.print(f"{bound.figure} is {found}; target: {bound.target}", style="red", markup=False)
    verdict = {
        "name": name,
        "figures": {figure: _number(value) for figure, value in figures.items()},
        "expected": {bound.figure: bound.target for bound in bounds},
        "holds": not broken,
    }
    sys.stdout.write(json.dumps(verdict, allow_nan=False) + "\n")
    sys.stdout.flush()
    return FAILS if broken else HOLDS


def refuse(error: Exception, status: int = FAILS) -> int:
    """Say on stderr why there are no figures; the exit status."""
    progress.print(str(error), style="red", markup=False, soft_wrap=True)
    return status


def _number(value: float) -> float | None:
    """JSON knows no NaN: what was never measured is null."""
    return round(value, 4) if math.isfinite(value) else None
