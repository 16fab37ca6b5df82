"""Schedules in processes of their own, as the bots of one team on several machines."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import TracebackType

from bot.context.metrics import Metrics
from bot.context.schedule import Schedule, Scheduled
from storage.database.engine import open_database

NEVER_SOON = "0 0 1 1 *"
PATIENCE_S = 300.0


class Processes:
    """Three schedules with one job, which notes in a file that it began, and is held up while another file is there."""

    def __init__(self, url: str, team_id: str, folder: Path) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._folder = folder
        self._ready = spawn.Barrier(4)
        self._processes: list[BaseProcess] = [
            spawn.Process(target=_replica, args=(url, team_id, folder, self._ready)) for _ in range(3)
        ]

    def __enter__(self) -> Processes:
        for process in self._processes:
            process.start()
        self._ready.wait(PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _stopping(self._folder).touch()
        for process in self._processes:
            process.join(PATIENCE_S)
            process.kill()
            process.join()

    @property
    def begun(self) -> list[int]:
        """Which process began the job, each time one did."""
        file = _begun(self._folder)
        return [int(line) for line in file.read_text(encoding="utf-8").split()] if file.exists() else []

    def hold_up(self) -> None:
        """From now on who begins the job does not end it."""
        _held_up(self._folder).touch()

    def go_on(self) -> None:
        _held_up(self._folder).unlink()

    def kill(self, pid: int) -> None:
        [process] = [one for one in self._processes if one.pid == pid]
        process.kill()
        process.join()


def _replica(url: str, team_id: str, folder: Path, ready: Barrier) -> None:
    def run() -> None:
        with _begun(folder).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        _wait_until(lambda: not _held_up(folder).exists())

    database = open_database(url)
    schedule = Schedule(database, team_id, {"retrain": Scheduled(NEVER_SOON, run)}, Metrics(), tick_s=0.1)
    schedule.start()
    ready.wait(PATIENCE_S)
    _wait_until(_stopping(folder).exists)
    schedule.stop(PATIENCE_S)
    database.close()


def _begun(folder: Path) -> Path:
    return folder / "begun"


def _held_up(folder: Path) -> Path:
    return folder / "held up"


def _stopping(folder: Path) -> Path:
    return folder / "stopping"


def _wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.02)
