from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from bot.context import worker as workers
from bot.context.metrics import Metrics
from bot.context.worker import Worker
from tests.local.running import PATIENCE_S, until

NOT_IN_THIS_TEST_S = 12 * PATIENCE_S


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    """Starts workers, and stops them at the end."""
    running: list[Worker] = []

    def start(step: Callable[[], float | None], metrics: Metrics | None = None) -> Worker:
        worker = Worker("a-part", step, metrics or Metrics())
        running.append(worker)
        worker.start()
        return worker

    yield start
    for worker in running:
        worker.stop(PATIENCE_S)
        assert not worker.is_alive


@pytest.fixture
def wakes_alone_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that rests does not look again by itself."""
    monkeypatch.setattr(workers, "IDLE_S", NOT_IN_THIS_TEST_S)
    monkeypatch.setattr(workers, "AFTER_ERROR_S", (NOT_IN_THIS_TEST_S,))


class Steps:
    """A step that is counted and waited for."""

    def __init__(self, pause_s: float | None = None, failures: int = 0) -> None:
        self.count = 0
        self.began: list[float] = []
        self._pause_s = pause_s
        self._failures = failures
        self._changed = threading.Condition()

    def __call__(self) -> float | None:
        with self._changed:
            self.count += 1
            self.began.append(time.monotonic())
            self._changed.notify_all()
        if self.count <= self._failures:
            raise RuntimeError("the database is gone")
        return self._pause_s

    def wait_for(self, count: int, within_s: float = PATIENCE_S) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, within_s)


def test_a_worker_that_was_not_started_is_not_alive_and_can_be_stopped() -> None:
    worker = Worker("a-part", Steps(), Metrics())

    worker.stop(1)

    assert not worker.is_alive


def test_a_step_is_repeated_at_once_while_there_is_more_to_do(start: Callable[..., Worker]) -> None:
    steps = Steps(pause_s=0.0)
    start(steps)

    assert steps.wait_for(20)


@pytest.mark.usefixtures("wakes_alone_count")
def test_a_worker_with_nothing_to_do_rests_until_it_is_woken(start: Callable[..., Worker]) -> None:
    steps = Steps()
    worker = start(steps)
    assert steps.wait_for(1)
    assert not steps.wait_for(2, within_s=0.1)

    worker.wake()

    assert steps.wait_for(2)
    worker.stop(PATIENCE_S)
    assert steps.count == 2


def test_a_worker_is_back_when_its_next_step_is_due(start: Callable[..., Worker]) -> None:
    steps = Steps(pause_s=0.05)
    start(steps)

    assert steps.wait_for(4)


@pytest.mark.usefixtures("wakes_alone_count")
def test_who_wakes_during_a_step_gets_another_one(start: Callable[..., Worker]) -> None:
    entered, go_on, again = threading.Event(), threading.Event(), threading.Event()

    def step() -> None:
        if entered.is_set():
            again.set()
        entered.set()
        go_on.wait(PATIENCE_S)

    worker = start(step)
    assert entered.wait(PATIENCE_S)

    worker.wake()
    go_on.set()

    assert again.wait(PATIENCE_S)


def test_an_error_is_logged_and_counted_and_the_step_repeated(
    start: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    metrics, steps = Metrics(), Steps(failures=2)
    with caplog.at_level(logging.ERROR):
        worker = start(steps, metrics)
        assert steps.wait_for(3)

    assert worker.is_alive
    assert metrics.registry.get_sample_value("corrigible_errors_total", {"part": "a-part"}) == 2
    assert caplog.text.count("step failed part=a-part") == 2


def test_the_pauses_that_follow_errors_are_longer_each_time() -> None:
    assert workers.AFTER_ERROR_S[0] > 0
    assert all(earlier < later for earlier, later in pairwise(workers.AFTER_ERROR_S))


def test_after_errors_the_pauses_grow(start: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = (0.01, 0.04, 0.08)
    monkeypatch.setattr(workers, "AFTER_ERROR_S", pauses)
    steps = Steps(failures=99)
    start(steps)

    assert steps.wait_for(6)
    waited = [later - earlier for earlier, later in pairwise(steps.began)]
    assert all(taken >= pause for taken, pause in zip(waited, (*pauses, *pauses[-1:] * 2), strict=False))


@pytest.mark.usefixtures("wakes_alone_count")
def test_a_worker_stops_at_once_while_it_rests_or_mends(start: Callable[..., Worker]) -> None:
    for steps in (Steps(), Steps(failures=99), Steps(pause_s=NOT_IN_THIS_TEST_S), Steps(pause_s=0.0)):
        worker = start(steps)
        assert steps.wait_for(1)

        worker.stop(PATIENCE_S)

        assert not worker.is_alive


def test_a_step_under_way_is_let_end(start: Callable[..., Worker]) -> None:
    entered, ended = threading.Event(), threading.Event()

    def step() -> None:
        entered.wait(PATIENCE_S)
        until(lambda: worker.is_stopping)
        ended.set()

    worker = start(step)
    entered.set()
    worker.stop(PATIENCE_S)

    assert ended.is_set()
    assert not worker.is_alive


def test_a_step_that_hangs_does_not_hold_up_the_end(start: Callable[..., Worker]) -> None:
    release = threading.Event()
    worker = start(lambda: release.wait(PATIENCE_S) and None)

    worker.stop(0.1)

    assert worker.is_alive
    release.set()
