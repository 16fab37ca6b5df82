from __future__ import annotations

import pytest

from storage.database.engine import Database
from storage.deliveries import cards, outbox
from storage.feedback import corrections, questions, resolution, responses
from storage.feedback.responses import Verdict
from storage.messages import contents, datasets
from storage.tables.annotation import Stage
from storage.tables.feedback import Answer, Label, Panel, Question, Status
from storage.tables.messages import Message, Mode
from tests.factories import ANA, OTHER, TEAM, label_set, predicted, say

DATASET = "d1"


def _answer(
    one: Message, label: Label | None, reviewer: str = "r1", at: float = 1.0, round_: int = 1
) -> Answer:
    return Answer(
        response_id=f"{one.id}-{reviewer}-{round_}",
        message_id=one.id,
        team_id=TEAM,
        dataset_id=DATASET,
        round=round_,
        reviewer=reviewer,
        status=Status.SUBMITTED if label else Status.DISCARDED,
        label_id=label.id if label else None,
        answered_at=at,
    )


def _store(database: Database, one: Message, *found: Answer, round_: int = 1) -> bool:
    with database.writing() as session:
        datasets.add(session, TEAM, DATASET, Stage.CURRENT)
        return responses.replace(session, (one.id, round_), DATASET, found, TEAM)


def _verdict(database: Database, one: Message) -> Verdict | None:
    with database.reading() as session:
        return responses.verdict(responses.of_message(session, one.id))


def test_answers_outrank_corrections_and_corrections_count_again_when_they_are_taken_back(
    database: Database,
) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    say(database, one, ANA, known["bug"])

    _store(database, one, _answer(one, known["billing"]))
    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {one.id: known["billing"].id}
    _store(database, one)
    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {one.id: known["bug"].id}


def test_a_verdict_stands_when_a_correction_is_undone(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    say(database, one, ANA, known["bug"])
    _store(database, one, _answer(one, known["billing"]))

    with database.writing() as session:
        corrections.undo(session, TEAM, one.id, ANA, "undo")

    with database.reading() as session:
        content = contents.of_message(session, one.id)
    assert (content.settled, content.words) == (known["billing"].id, [])


def test_a_verdict_counts_the_reviewers_who_agree_with_it(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    _store(
        database,
        one,
        _answer(one, known["bug"], "r1"),
        _answer(one, known["billing"], "r2"),
        _answer(one, known["bug"], "r3"),
    )

    verdict = _verdict(database, one)

    assert verdict is not None
    assert (verdict.agreeing, verdict.against, verdict.reviewers) == (2, 1, 3)


def test_a_discarded_message_has_no_label_whatever_people_said(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    say(database, one, ANA, known["bug"])
    _store(database, one, _answer(one, None))

    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {}
    verdict = _verdict(database, one)
    assert verdict is not None
    assert verdict.is_discarded


@pytest.mark.parametrize(
    ("votes", "label", "tied"),
    [
        (["bug"], "bug", False),
        (["bug", "billing"], None, True),
        (["bug", "billing", "billing"], "billing", False),
        (["bug", None], None, True),
        (["bug", None, None], None, False),
        (["bug", "billing", "praise"], None, True),
    ],
)
def test_most_votes_settle_and_a_tie_stays_open(
    database: Database, votes: list[str | None], label: str | None, tied: bool
) -> None:
    known = label_set(database, "bug", "billing", "praise")
    one = predicted(database, known["bug"])
    given = [_answer(one, known[vote] if vote else None, f"r{n}") for n, vote in enumerate(votes)]
    _store(database, one, *given)

    assert _verdict(database, one) == Verdict(known[label].id if label else None, tied, len(votes))


def test_a_tie_is_asked_once_more_and_a_reviewers_latest_answer_counts_over_all_rounds(
    database: Database,
) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    say(database, one, ANA, known["bug"])
    first = [_answer(one, known["bug"], "r1"), _answer(one, known["billing"], "r2")]
    _store(database, one, *first)
    with database.reading() as session:
        question = session.get(Question, one.id)
        assert question is not None
        assert question.rounds == 2

    _store(database, one, _answer(one, known["billing"], "r1", at=9.0, round_=2), round_=2)

    assert _verdict(database, one) == Verdict(known["billing"].id, False, 2)


def test_reviewers_who_answer_anew_after_an_edit_are_compared_on_that_text_and_not_after_a_tie(
    database: Database,
) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    say(database, one, ANA, known["bug"])
    _store(database, one, _answer(one, known["bug"], "r1"))
    with database.writing() as session:
        questions.ask_anew(session, one.id, 0, 1)
    given = [_answer(one, known[name], who, 2.0, 2) for who, name in (("r1", "bug"), ("r2", "billing"))]
    _store(database, one, *given, round_=2)
    third = [_answer(one, known["bug"], who, 3.0, 3) for who in ("r3", "r4")]
    _store(database, one, *third, round_=3)

    with database.reading() as session:
        found = responses.panels(session, TEAM, [Panel.SINGLE])

    assert found == {one.id: {"r1": known["bug"].id, "r2": known["billing"].id}}


def test_news_that_come_late_change_nothing_and_the_same_news_are_no_news(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])

    assert _store(database, one, _answer(one, known["billing"], at=5.0))
    assert not _store(database, one, _answer(one, known["billing"], at=5.0))
    assert not _store(database, one, _answer(one, known["bug"], at=4.0))
    assert _verdict(database, one) == Verdict(known["billing"].id, False, 1)


def test_an_answer_asks_for_the_card_to_follow_and_for_the_head_to_learn(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    with database.writing() as session:
        cards.shown(session, one.id, "1.1", "", 1)
    with database.reading() as session:
        before = resolution.state(session, TEAM)

    _store(database, one, _answer(one, known["billing"]))

    with database.reading() as session:
        assert cards.count_due(session, TEAM) == 1
        assert resolution.state(session, TEAM) != before


def test_reviewers_moving_to_another_dataset_leave_their_answers_to_it(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"])
    _store(database, one, _answer(one, known["billing"]))
    with database.writing() as session:
        datasets.add(session, TEAM, "d2", Stage.FILLING)
        datasets.switch(session, DATASET, "d2", "2026-11-23T08:00:00")

    with database.writing() as session:
        assert not datasets.is_in_use(session, DATASET)
        assert datasets.is_in_use(session, "d2")
        assert responses.of_message(session, one.id) == []


def test_answers_of_an_unknown_message_are_passed_over(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    stranger = Message(
        id="f" * 32, team_id=TEAM, channel_id="C1", ts="1", user_id="U1", text="", mode=Mode.REPLY
    )

    assert not _store(database, stranger, _answer(stranger, known["bug"]))
    with database.reading() as session:
        assert outbox.backlog(session, TEAM).messages == 0


def test_of_a_dataset_each_answered_record_tells_its_responses_and_when_they_were_given(
    database: Database,
) -> None:
    bug = label_set(database, "bug")["bug"]
    one, other, unanswered = (predicted(database, bug) for _ in range(3))
    _store(database, one, _answer(one, bug, "r1", at=1.0), _answer(one, None, "r2", at=2.0))
    _store(database, one, _answer(one, bug, "r1", at=3.0, round_=2), round_=2)
    _store(database, other, _answer(other, bug, at=4.0))
    _store(database, unanswered)

    with database.reading() as session:
        found = responses.of_dataset(session, DATASET)
        assert responses.of_dataset(session, "another") == {}

    assert found == {
        (one.id, 1): {f"{one.id}-r1-1": 1.0, f"{one.id}-r2-1": 2.0},
        (one.id, 2): {f"{one.id}-r1-2": 3.0},
        (other.id, 1): {f"{other.id}-r1-1": 4.0},
    }


def test_labels_are_in_use_that_an_answer_of_the_team_names(database: Database) -> None:
    known = label_set(database, "bug", "billing", "praise")
    for name in ("bug", "bug", "billing", None):
        one = predicted(database, known["bug"])
        _store(database, one, _answer(one, known[name] if name else None))

    with database.reading() as session:
        assert responses.labels_in_use(session, TEAM) == {known["bug"].id, known["billing"].id}
        assert responses.labels_in_use(session, OTHER) == set()
