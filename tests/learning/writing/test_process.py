from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from learning.writing import process
from learning.writing.process import WriterUnavailableError, WritingProcess
from tests.learning.summarizing.tiny_writers import SAID, parrot, talk
from tests.local.running import until

MOST_BYTES = 1 << 20
LIMIT_S = 600.0  # of a process that gives way to all else

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return parrot(tmp_path_factory.mktemp("parrot") / "parrot")


@pytest.fixture(scope="module")
def shared(folder: str, tiny_base: str) -> Iterator[WritingProcess]:
    writing = WritingProcess(folder, 1, tiny_base)
    yield writing
    writing.close()


@pytest.fixture
def writing(shared: WritingProcess, monkeypatch: pytest.MonkeyPatch) -> WritingProcess:
    """Started once for all tests, and again only after one that ends it."""
    monkeypatch.setattr(process, "START_S", LIMIT_S)
    return shared


def _pid(writing: WritingProcess) -> int:
    pid = writing.pid
    assert pid is not None
    return pid


def _children() -> list[psutil.Process]:
    """What writes for a test and is none of the shared one's."""
    return [one for one in psutil.Process().children() if _writes(one)]


def _writes(child: psutil.Process) -> bool:
    try:
        return "learning.writing" in child.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):  # another test's, that has ended
        return False


def _closed_by_another_thread(writing: WritingProcess, moment: str) -> type[process._Child]:
    """Return what is started for `writing`, which another thread closes, from begin to end, at this moment."""

    def close() -> None:
        closer = threading.Thread(target=writing.close)
        closer.start()
        closer.join()

    class Child(process._Child):
        def __init__(self, *arguments: str) -> None:
            if moment == "before its process is there":
                close()
            super().__init__(*arguments)
            if moment == "before it is known":
                close()

        def next(self, within_s: float, too_slow: WriterUnavailableError) -> dict[str, Any]:
            if moment == "as it is listened to":
                close()
            return super().next(within_s, too_slow)

    return Child


def test_a_process_of_its_own_writes_and_tells_how_far_it_is(writing: WritingProcess) -> None:
    told: list[float] = []

    written = writing.write(talk(300), LIMIT_S, told.append)

    assert set(written.sentences) == {SAID}
    assert written.title == "parrot"
    assert min(written.read, written.written, written.seconds) > 0
    assert told == sorted(told)
    assert told[-1] <= 1
    assert _pid(writing) != os.getpid()
    assert psutil.Process(_pid(writing)).nice() > psutil.Process().nice()


def test_it_is_started_once_and_keeps_nothing_of_what_it_read(writing: WritingProcess) -> None:
    first = writing.write(talk(5), LIMIT_S)
    pid = _pid(writing)
    writing.write(talk(30), LIMIT_S)
    again = writing.write(talk(5), LIMIT_S)

    assert _pid(writing) == pid
    assert (again.sentences, again.read, again.written) == (first.sentences, first.read, first.written)


def test_of_nothing_it_writes_nothing(writing: WritingProcess) -> None:
    assert writing.write([], LIMIT_S).sentences == []


def test_too_short_a_limit_is_named_and_the_process_can_be_used_afterwards(
    writing: WritingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_S", LIMIT_S)  # it gives way to all else: it may notice its limit late
    writing.write(talk(5), LIMIT_S)
    pid = _pid(writing)

    with pytest.raises(WriterUnavailableError, match="it took longer than 1 second"):
        writing.write(talk(6_000), 1)

    assert writing.write(talk(5), LIMIT_S).sentences == [SAID]
    assert _pid(writing) == pid


def test_two_who_ask_at_once_are_answered_in_turn(writing: WritingProcess) -> None:
    written: list[list[str]] = []

    askers = [
        threading.Thread(target=lambda: written.append(writing.write(talk(5), LIMIT_S).sentences))
        for _ in range(3)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert written == [[SAID]] * 3


def test_a_process_that_was_killed_is_told_of_and_the_next_one_writes(writing: WritingProcess) -> None:
    writing.write(talk(5), LIMIT_S)
    pid = _pid(writing)
    killed: list[float] = []

    def kill(done: float) -> None:
        if not killed:
            killed.append(done)
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(WriterUnavailableError, match="its process died"):
        writing.write(talk(4_000), LIMIT_S, kill)

    assert writing.write(talk(5), LIMIT_S).sentences == [SAID]
    assert _pid(writing) != pid


def test_a_process_that_was_killed_while_nobody_asked_is_started_anew(writing: WritingProcess) -> None:
    writing.write(talk(5), LIMIT_S)
    pid = _pid(writing)
    os.kill(pid, signal.SIGKILL)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, LIMIT_S)

    assert writing.write(talk(5), LIMIT_S).sentences == [SAID]
    assert _pid(writing) != pid


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="limits of another process are Linux's")
def test_a_thread_for_which_there_is_not_enough_memory_is_a_reason_and_the_next_one_is_written(
    writing: WritingProcess,
) -> None:
    writing.write(talk(2), LIMIT_S)
    owned = psutil.Process(_pid(writing))
    owned.rlimit(psutil.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))  # it has more: nothing is added from here on

    with pytest.raises(WriterUnavailableError, match="memory"):
        writing.write(talk(40), LIMIT_S)

    assert writing.write(talk(2), LIMIT_S).sentences


def test_a_process_that_nobody_needs_gives_its_memory_back(
    writing: WritingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.write(talk(5), LIMIT_S)
    pid = _pid(writing)
    writing.rest()
    assert writing.pid == pid

    monkeypatch.setattr(process, "IDLE_S", 0.0)
    time.sleep(0.01)
    writing.rest()

    assert writing.pid is None
    assert not psutil.pid_exists(pid)


def test_a_process_that_hangs_is_ended_after_the_limit(
    writing: WritingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.1)
    writing.write(talk(5), LIMIT_S)
    pid = _pid(writing)
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(WriterUnavailableError, match="it took longer than 1 second"):
        writing.write(talk(5), 1)

    assert writing.pid is None
    assert not psutil.pid_exists(pid)


def test_closing_ends_the_process_whatever_it_does(folder: str, tiny_base: str) -> None:
    writing = WritingProcess(folder, 1, tiny_base)
    raised: list[str] = []
    begun = threading.Event()

    def ask() -> None:
        try:
            writing.write(talk(4_000), LIMIT_S, lambda _: begun.set())
        except WriterUnavailableError as error:
            raised.append(str(error))

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    assert begun.wait(LIMIT_S)
    pid = _pid(writing)
    writing.close()
    asker.join()

    assert raised
    assert writing.pid is None
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(
    "moment", ["before its process is there", "before it is known", "as it is listened to"]
)
def test_a_request_that_comes_while_it_is_closed_leaves_no_process_behind(
    folder: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = WritingProcess(folder, 1)
    monkeypatch.setattr(process, "_Child", _closed_by_another_thread(writing, moment))

    with pytest.raises(WriterUnavailableError, match="its process died"):
        writing.write(talk(5), LIMIT_S)

    assert writing.pid is None
    assert not _children()


def test_one_who_asks_as_another_closes_is_refused_and_leaves_no_process_behind(folder: str) -> None:
    refused: list[str] = []

    def ask(writing: WritingProcess, begun: threading.Barrier) -> None:
        begun.wait()
        try:
            writing.write(talk(5), LIMIT_S)
        except WriterUnavailableError as error:
            refused.append(str(error))

    for number in range(20):
        writing, begun = WritingProcess(folder, 1), threading.Barrier(2)
        asker = threading.Thread(target=ask, args=(writing, begun))
        asker.start()
        begun.wait()
        time.sleep(number / 4_000)  # another order each time, from before its process is there to after
        writing.close()
        asker.join()

        assert len(refused) == number + 1
        assert writing.pid is None
        assert not _children()


def test_closing_what_was_never_used_does_nothing() -> None:
    writing = WritingProcess("/no/such/folder", 1)

    writing.rest()
    writing.close()
    writing.close()

    assert writing.pid is None


def test_of_a_model_that_is_not_there_the_log_says_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writing = WritingProcess(str(tmp_path / "nowhere"), 1)

    with pytest.raises(WriterUnavailableError, match="could not be loaded"):
        writing.write(talk(5), LIMIT_S)

    assert "nowhere" in caplog.text
    assert "leave SUMMARIZER empty" in caplog.text
    assert writing.pid is None or psutil.Process(writing.pid).status() == psutil.STATUS_ZOMBIE
    writing.close()
