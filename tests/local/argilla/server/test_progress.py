"""What the embedded Argilla says that it is busy with, to whoever asks from another process."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from local.argilla.server import progress
from local.argilla.server.progress import SERVING, Progress


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Progress("loading", -34, 0), "starting for 34 s: loading its code"),
        (Progress(SERVING, 0, 0), "checking its search index"),
        (Progress(SERVING, 0, 0, 50_000, 38_000), "12,000 of 50,000 records"),
        (Progress(SERVING, 0, 0, 50_000, 38_000, "full"), "the disk is full"),
        (Progress(SERVING, 0, 0, None, None, "failed"), "logs/reconcile.log"),
    ],
)
def test_an_operator_reads_how_far_it_is(tmp_path: Path, said: Progress, words: str) -> None:
    now = time.time()
    told = replace(said, began=now + said.began, at=now)
    progress.write(tmp_path, told)

    found = progress.read(tmp_path)

    assert found == told
    assert words in found.words()


def test_nothing_is_said_by_a_server_that_is_done_or_was_killed(tmp_path: Path) -> None:
    assert progress.read(tmp_path) is None
    now = time.time()
    progress.write(tmp_path, Progress("loading", now - 90, now - 60))
    assert progress.read(tmp_path) is None
    progress.write(tmp_path, Progress("loading", now, now))
    progress.clear(tmp_path)
    progress.clear(tmp_path)
    assert progress.read(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"step": 1}', '{"other": 1}'])
def test_half_a_file_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "progress.json").write_text(content)

    assert progress.read(tmp_path) is None
