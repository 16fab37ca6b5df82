from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from learning.classifying.task import Classification, ClassificationTerms
from learning.data.trust import Belief
from learning.evaluation.gate import GateLimits
from learning.model_files.artifacts import Artifacts
from learning.serving.registry import EncoderSource, Registry
from learning.tasks.job import Result
from storage.database.engine import Database
from storage.feedback import imports, questions
from storage.feedback.imports import Labelled
from storage.tables.feedback import LabelQuestion
from tests.databases import on_both
from tests.factories import ANA, TEAM, label_set, predicted, say


@on_both
def test_reviewers_and_who_gave_them_are_asked_about_labels_that_look_wrong_and_not_about_imported_ones(
    database: Database, tmp_path: Path, tiny_base: str
) -> None:
    known = label_set(database, "bug", "billing")
    artifacts = Artifacts(str(tmp_path / "models"), tmp_path / "cache")
    registry = Registry(
        database, TEAM, artifacts, EncoderSource(tiny_base, 32, 1), belief=Belief(operators=frozenset({ANA}))
    )
    task = Classification(database, TEAM, registry, ClassificationTerms(1, 0.3, GateLimits(), {}))
    corrected = predicted(database, known["bug"])
    say(database, corrected, ANA, known["billing"])
    with database.writing() as session:
        imports.keep(session, TEAM, [Labelled("It crashes", known["billing"].id)])
        [imported] = imports.labels(session, TEAM)

    with database.writing() as session:
        billing, bug = known["billing"].id, known["bug"].id
        suspects = [{"id": one, "label_id": billing, "suggested": bug} for one in (corrected.id, imported)]
        result = Result(report={"suspects": suspects})
        task.concluded(session, result)

    with database.reading() as session:
        assert questions.concerned(session, TEAM) == [corrected.id]
        asked = session.exec(select(LabelQuestion)).one()
    assert (asked.user_id, asked.message_id) == (ANA, corrected.id)
    assert task.new() == 2
