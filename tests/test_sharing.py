"""What all workers of a run have in common is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing import once


def test_what_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    def fail(file: Path) -> None:
        file.write_text("half")
        raise RuntimeError("no room")

    def succeed(file: Path) -> None:
        file.write_text("whole")

    with pytest.raises(RuntimeError, match="no room"):
        once(tmp_path, "template", fail)

    assert once(tmp_path, "template", succeed).read_text() == "whole"


def test_what_was_made_is_not_made_again(tmp_path: Path) -> None:
    made = once(tmp_path, "template", lambda folder: folder.mkdir())

    assert once(tmp_path, "template", lambda folder: folder.mkdir()) == made
    assert made.is_dir()
