"""The resident memory of a process while something is done with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import psutil

EVERY_S = 1.0
WARM_UP = 0.1
MB = 1e6


def resident_mb(pid: int) -> float:
    """Of one process, without its children."""
    return float(psutil.Process(pid).memory_info().rss / MB)


def children_mb(pid: int) -> float:
    """Of all processes that it started."""
    return float(sum(child.memory_info().rss for child in psutil.Process(pid).children(recursive=True)) / MB)


def cpu_s(pid: int) -> float:
    """The processor time that a process has used."""
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


@contextmanager
def sampled(pid: int) -> Iterator[list[float]]:
    """The process's memory in MB, each second until the block ends."""
    found = [resident_mb(pid)]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(EVERY_S):
            found.append(resident_mb(pid))

    sampler = threading.Thread(target=sample, name="memory")
    sampler.start()
    try:
        yield found
    finally:
        over.set()
        sampler.join()


def growth(samples: Sequence[float]) -> float:
    """Once warm, the median of the last third over that of the first: 1 where memory is flat."""
    warm = samples[round(WARM_UP * len(samples)) :]
    third = len(warm) // 3
    if not third:
        return float("nan")
    return float(np.median(warm[-third:]) / np.median(warm[:third]))
