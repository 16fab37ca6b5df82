"""What the embedded Argilla says that it is busy with, to whoever asks from another process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from local.argilla import progress
from local.argilla.progress import SERVING, Progress

NOW = time.time()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Progress("loading", NOW - 34, NOW), "starting for 34 s: loading its code"),
        (Progress(SERVING, NOW, NOW), "checking its search index"),
        (Progress(SERVING, NOW, NOW, 50_000, 38_000), "12,000 of 50,000 records"),
        (Progress(SERVING, NOW, NOW, 50_000, 38_000, "full"), "the disk is full"),
        (Progress(SERVING, NOW, NOW, None, None, "failed"), "logs/reconcile.log"),
    ],
)
def test_an_operator_reads_how_far_it_is(tmp_path: Path, said: Progress, words: str) -> None:
    progress.write(tmp_path, said)

    found = progress.read(tmp_path)

    assert found == said
    assert words in found.words()


def test_nothing_is_said_by_a_server_that_is_done_or_was_killed(tmp_path: Path) -> None:
    assert progress.read(tmp_path) is None
    progress.write(tmp_path, Progress("loading", NOW - 90, NOW - 60))
    assert progress.read(tmp_path) is None
    progress.write(tmp_path, Progress("loading", NOW, NOW))
    progress.clear(tmp_path)
    progress.clear(tmp_path)
    assert progress.read(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"step": 1}', '{"other": 1}'])
def test_half_a_file_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "progress.json").write_text(content)

    assert progress.read(tmp_path) is None
