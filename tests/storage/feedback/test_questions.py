"""In which dataset reviewers are asked about a message."""

from __future__ import annotations

from storage.database.engine import Database
from storage.feedback import questions
from storage.tables.feedback import Panel
from tests.databases import on_both
from tests.factories import TEAM, label_set, predicted


@on_both
def test_a_share_of_new_questions_goes_to_the_second_dataset_and_stays_there(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    ids = [predicted(database, bug).id for _ in range(200)]
    with database.writing() as session:
        for message_id in ids:
            questions.ask_about_correction(session, TEAM, message_id)

    def seated(share: float) -> dict[str, Panel | None]:
        with database.writing() as session:
            return {one: question.panel for one, question in questions.seat(session, ids, share).items()}

    first, later = seated(0.3), seated(1.0)
    with database.reading() as session:
        double = questions.seated(session, TEAM, Panel.DOUBLE)
        single = questions.seated(session, TEAM, Panel.SINGLE)

    assert first == later
    assert 30 < len(double) < 90  # 60 expected, standard deviation 6.5
    assert sorted([*double, *single]) == sorted(ids)
