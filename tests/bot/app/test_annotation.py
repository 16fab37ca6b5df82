"""What reviewers' datasets should be like, by the settings and the label file."""

from __future__ import annotations

from pathlib import Path

from bot.app import annotation
from learning.argilla.schema import DatasetPlan
from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.tables.feedback import Panel
from tests.factories import TEAM
from tests.learning.tiny_models import three_dimensional
from tests.running import settings

FILE = [LabelSpec("refund", "Money back"), LabelSpec("Bug", "Broken"), LabelSpec("access", "Keys")]


def plan(database: Database, folder: Path, panel: Panel = Panel.SINGLE, **changes: object) -> DatasetPlan:
    chosen = settings(folder, "sqlite://", **changes)
    order = [spec.name for spec in FILE]
    return annotation._plan(database, TEAM, three_dimensional(), chosen, order, panel)


def test_labels_have_the_order_of_the_file_and_others_follow_by_name(
    database: Database, tmp_path: Path
) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, FILE)
        for name in ("zebra", "answer"):
            labels.propose(session, TEAM, name, "U1")

    found = plan(database, tmp_path)

    assert list(found.options) == ["refund", "Bug", "access", "answer", "zebra"]
    assert found.about == "refund: Money back\nBug: Broken\naccess: Keys"
    assert found.guidelines.endswith("- **access** – Keys\n- **answer**\n- **zebra**")


def test_of_many_labels_the_question_tells_as_much_as_fits_and_the_guidelines_the_rest(
    database: Database, tmp_path: Path
) -> None:
    with database.writing() as session:
        specs = [LabelSpec(f"label-{number:02}", "what it means " * 3) for number in range(77)]
        labels.synchronize(session, TEAM, specs)

    found = plan(database, tmp_path)

    assert found.about is not None
    assert len(found.about) <= 1_000
    assert found.about.endswith("\nMore in the guidelines.")
    assert r"label\-76" in found.guidelines


def test_the_second_dataset_asks_for_two_answers_or_for_more_if_all_do(
    database: Database, tmp_path: Path
) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, FILE)

    each = [
        plan(database, tmp_path, panel, argilla_min_submitted=number).min_submitted
        for panel in Panel
        for number in (1, 3)
    ]

    assert each == [1, 3, 2, 3]
    assert "Two reviewers answer each record here" in plan(database, tmp_path, Panel.DOUBLE).guidelines
    assert r"**slack\-T1**" in plan(database, tmp_path, Panel.DOUBLE).guidelines


def test_titles_are_names_and_never_paths(database: Database, tmp_path: Path) -> None:
    here = tmp_path / "our-encoder"
    here.mkdir()
    with database.writing() as session:
        labels.synchronize(session, TEAM, FILE)

    found = [
        plan(database, tmp_path, encoder=encoder).vector_title
        for encoder in (None, str(here), f"{here}/", "/gone/away/mini", "~/models/mini", "owner/name@main")
    ]

    assert found == [
        "Similar to all-MiniLM-L6-v2",
        "Similar to our-encoder",
        "Similar to our-encoder",
        "Similar to mini",
        "Similar to mini",
        "Similar to owner/name",
    ]


def test_if_every_record_is_answered_by_several_no_message_needs_the_second_dataset(tmp_path: Path) -> None:
    one = settings(tmp_path, "sqlite://", argilla_overlap=0.1)
    three = settings(tmp_path, "sqlite://", argilla_overlap=0.1, argilla_min_submitted=3)

    assert (one.overlap, three.overlap) == (0.1, 0.0)
    assert (one.agreement_in, three.agreement_in) == ((Panel.DOUBLE,), (Panel.SINGLE, Panel.DOUBLE))
