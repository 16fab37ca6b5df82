"""How much of everything the benchmark of load does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How much of everything. `rate`: the highest, where it is known from an earlier run."""

    step_s: float = 12.0
    start_per_s: float = 4.0
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
