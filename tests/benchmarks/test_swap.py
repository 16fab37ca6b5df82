from __future__ import annotations

from pathlib import Path

import pytest
from rich.progress import Progress
from sqlalchemy import update
from sqlmodel import col, select

from benchmarks.swap.__main__ import TEAM, _mixed, _stream, measure, set_up
from storage.feedback import labels
from storage.tables.models import Prediction


@pytest.mark.slow
def test_no_answer_is_mixed_or_lost_while_versions_are_swapped(tmp_path: Path) -> None:
    figures = measure(tmp_path, number=120, before=40, swaps=4)

    assert (figures["answers"], figures["lost"], figures["mixed"]) == (120, 0, 0)
    assert (figures["swaps"], figures["versions_that_answered"]) == (4, 2)
    assert figures["roll_back_max_s"] > 0
    assert figures["p99_ratio"] > 0


def test_an_answer_that_its_version_does_not_give_is_counted(tmp_path: Path) -> None:
    stage = set_up(tmp_path)
    with Progress(disable=True) as shown:
        _stream(stage, 20, 0, shown.add_task("", total=20), shown)
    assert _mixed(stage) == (0, 1)

    with stage.database.writing() as session:
        one = session.exec(select(Prediction)).first()
        assert one
        other = next(label.id for label in labels.active(session, TEAM) if label.id != one.label_id)
        changed = update(Prediction).where(col(Prediction.id) == one.id).values(label_id=other)
        session.connection().execute(changed)

    assert _mixed(stage) == (1, 1)
    stage.database.close()
