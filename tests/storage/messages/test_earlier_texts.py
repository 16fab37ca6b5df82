"""What people and reviewers said of a message belongs to the text they saw."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sqlmodel import select

from learning.text import edits
from storage.database.engine import Database
from storage.deliveries import outbox
from storage.feedback import bursts, corrections, judged_predictions, labels, questions, resolution, responses
from storage.feedback.corrections import EditedSinceError
from storage.messages import contents, datasets, messages
from storage.messages.messages import Edit
from storage.models import disagreements, predictions
from storage.privacy import erasure
from storage.reports import exports, overview
from storage.summaries import reviews, summaries
from storage.tables.annotation import Stage
from storage.tables.feedback import Answer, Burst, Correction, Label, Question, Status, Word
from storage.tables.messages import Message, Wording
from storage.tables.models import Dispute, Phase, Run
from storage.tables.summaries import Making, Opinion, Origin, Summary, SummaryWord
from tests.databases import on_both
from tests.factories import ANA, BEN, ENCODER, SUPPORT, TEAM, label_set, predicted, prediction, say

CRASHES, TYPO, CHARGED = "The export button crashes", "The exprot button crashes", "I was charged twice"
NEAR = "The export button crashes on Firefox"
DATASET = "d1"


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing")


def rewrite(database: Database, one: Message, text: str, at: float | None = None) -> Edit:
    """Its author edits a message, at a moment that Slack tells, or now."""
    edited_ts = f"{int(at)}.000000 {at:.6f}" if at is not None else ""
    with database.writing() as session:
        return messages.rewrite(session, TEAM, SUPPORT, one.ts, text, edited_ts, edits.judge)


def settled(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return resolution.labelled(session, TEAM)


def text_of(database: Database, one: Message) -> str:
    with database.reading() as session:
        return messages.texts(session, [one.id])[one.id]


def answered(database: Database, one: Message, label: Label, round_: int = 1, reviewer: str = "r1") -> None:
    """A reviewer answers the record of a round."""
    given = Answer(
        response_id=f"{one.id}-{reviewer}-{round_}",
        message_id=one.id,
        team_id=TEAM,
        dataset_id=DATASET,
        round=round_,
        reviewer=reviewer,
        status=Status.SUBMITTED,
        label_id=label.id,
        answered_at=time.time(),
    )
    with database.writing() as session:
        datasets.add(session, TEAM, DATASET, Stage.CURRENT)
        responses.replace(session, (one.id, round_), DATASET, [given], TEAM)


@on_both
def test_what_was_said_of_another_text_is_kept_and_counts_for_nothing(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"], Word.CONFIRMED)
    answered(database, one, known["bug"])

    assert rewrite(database, one, CHARGED) is Edit.DONE

    with database.reading() as session:
        shown = contents.of_message(session, one.id)
        figures = overview.of_team(session, TEAM)
        assert list(exports.settled(session, TEAM)) == []
        assert list(judged_predictions.judged(session, TEAM, 0.0, SUPPORT)) == []
        assert corrections.latest(session, TEAM, 0.0) == corrections.twinless(session, TEAM, 9) == []
        assert (responses.count(session, TEAM), corrections.count(session, TEAM)) == (0, 0)
        assert resolution.gathered(session, TEAM).once == {}
    assert settled(database) == {}
    assert (shown.settled, shown.words, shown.verdict) == (None, [], None)
    assert [word.user_id for word in shown.earlier_words] == [ANA]
    assert shown.earlier_verdict is not None
    assert ("set aside: about an earlier text of an edited message", "2") in figures.rows()


@pytest.mark.parametrize("text", ["the export BUTTON crashes!", TYPO, f" {CRASHES}\n"])
def test_what_was_said_of_a_text_that_means_the_same_counts_on(
    database: Database, known: dict[str, Label], text: str
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    answered(database, one, known["billing"])

    rewrite(database, one, text)

    assert settled(database) == {one.id: known["billing"].id}
    assert text_of(database, one) == text


@on_both
def test_what_was_said_of_a_text_counts_again_when_it_comes_back(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    rewrite(database, one, TYPO)
    rewrite(database, one, CHARGED)
    say(database, one, BEN, known["billing"])
    assert settled(database) == {one.id: known["billing"].id}

    rewrite(database, one, CRASHES.upper())
    assert settled(database) == {one.id: known["bug"].id}
    rewrite(database, one, CHARGED)
    assert settled(database) == {one.id: known["billing"].id}
    rewrite(database, one, TYPO)
    assert settled(database) == {one.id: known["bug"].id}


def test_a_label_settled_before_a_small_edit_is_asked_about_until_somebody_answers(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])

    rewrite(database, one, NEAR)
    with database.reading() as session:
        asked = contents.of_message(session, one.id)
    say(database, one, BEN, known["bug"], Word.CONFIRMED)
    with database.reading() as session:
        told = contents.of_message(session, one.id)

    assert (asked.settled, asked.still, asked.current) == (None, known["bug"].id, known["bug"].id)
    assert (told.settled, told.still) == (known["bug"].id, None)
    assert [word.user_id for word in told.words] == [BEN]


def test_a_question_that_nobody_answered_stands_through_another_small_edit_and_goes_with_a_large_one(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])

    asked = []
    for text in (NEAR, f"{NEAR} again", CHARGED):
        rewrite(database, one, text)
        with database.reading() as session:
            asked.append(contents.of_message(session, one.id).still)

    assert asked == [known["bug"].id, known["bug"].id, None]


def test_many_typos_do_not_add_up_to_another_text(database: Database, known: dict[str, Label]) -> None:
    one = predicted(database, known["bug"], "The export crashes")
    say(database, one, ANA, known["bug"])

    counted = []
    for text in ("The exports crashes", "The exporte crashes", "The exporter crashes"):
        rewrite(database, one, text)
        counted.append(bool(settled(database)))
    say(database, one, ANA, known["bug"])
    rewrite(database, one, "The exporters crashes")

    assert counted == [True, True, False]
    assert settled(database) == {one.id: known["bug"].id}


def test_edits_are_taken_in_the_order_of_slack_whenever_they_come(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])

    became = [
        rewrite(database, one, text, at)
        for text, at in ((NEAR, 20.0), (CHARGED, 10.0), (NEAR, 20.0), (CRASHES, 20.5))
    ]

    assert became == [Edit.DONE, Edit.LATE, Edit.LATE, Edit.DONE]  # the last one within the same second
    assert text_of(database, one) == CRASHES
    assert settled(database) == {one.id: known["bug"].id}


def test_an_edit_of_what_is_erased_or_unknown_changes_nothing(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    with database.writing() as session:
        messages.erase(session, TEAM, SUPPORT, one.ts, is_heard=True)
        messages.erase(session, TEAM, SUPPORT, "1.5", is_heard=True)

    assert rewrite(database, one, CHARGED) is Edit.LATE
    assert (
        rewrite(database, Message(team_id=TEAM, channel_id=SUPPORT, ts="1.5", user_id="", text=""), "x")
        is Edit.LATE
    )
    assert (
        rewrite(database, Message(team_id=TEAM, channel_id=SUPPORT, ts="1.6", user_id="", text=""), "x")
        is Edit.UNKNOWN
    )
    with database.reading() as session:
        assert not [row.text for row in session.exec(select(Message)) if row.text]


def test_whoever_saw_another_text_is_told_and_nothing_is_kept(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    rewrite(database, one, TYPO)
    late = Correction(
        message_id=one.id, team_id=TEAM, user_id=ANA, label_id=known["bug"].id, word=Word.CONFIRMED
    )
    with database.writing() as session:
        corrections.add(session, late.model_copy(), meaning=0)  # a typo is no other text
    rewrite(database, one, CHARGED)

    with pytest.raises(EditedSinceError), database.writing() as session:
        corrections.add(session, late.model_copy(update={"id": "late"}), meaning=0)

    assert settled(database) == {}


def test_a_reaction_belongs_to_the_text_of_its_time_however_late_it_is_told(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    rewrite(database, one, CHARGED, at=100.0)
    for at, name in ((90.0, "bug"), (110.0, "billing")):
        reacted = Correction(
            id=str(at),
            message_id=one.id,
            team_id=TEAM,
            user_id=ANA,
            label_id=known[name].id,
            word=Word.REACTED,
            created_at=at,
        )
        with database.writing() as session:
            corrections.add_once(session, reacted)

    assert settled(database) == {one.id: known["billing"].id}
    rewrite(database, one, CRASHES, at=120.0)
    assert settled(database) == {one.id: known["bug"].id}


def test_a_reaction_that_overtakes_the_edit_before_it_is_about_the_new_text(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    for at, user, name in ((90.0, ANA, "bug"), (110.0, BEN, "billing")):
        reacted = Correction(
            id=user,
            message_id=one.id,
            team_id=TEAM,
            user_id=user,
            label_id=known[name].id,
            word=Word.REACTED,
            created_at=at,
        )
        with database.writing() as session:
            corrections.add_once(session, reacted)

    rewrite(database, one, CHARGED, at=100.0)

    assert settled(database) == {one.id: known["billing"].id}


def test_a_reaction_that_is_taken_back_after_an_edit_does_not_come_back_with_the_text(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"], Word.REACTED)
    rewrite(database, one, CHARGED)
    say(database, one, ANA, known["bug"], Word.WITHDRAWN)

    rewrite(database, one, CRASHES)

    assert settled(database) == {}


@on_both
def test_a_reviewers_answer_belongs_to_the_text_that_the_record_showed(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    rewrite(database, one, CHARGED)

    answered(database, one, known["bug"], round_=1)  # on a page that was open still
    assert settled(database) == {}
    answered(database, one, known["billing"], round_=2)
    assert settled(database) == {one.id: known["billing"].id}
    rewrite(database, one, CRASHES)

    assert settled(database) == {one.id: known["bug"].id}
    with database.reading() as session:
        question = session.get_one(Question, one.id)
    assert (question.rounds, questions.first_round(question)) == (3, 3)


def test_a_tie_on_an_edited_message_is_one_more_round_of_its_text(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    answered(database, one, known["bug"], reviewer="r1")
    rewrite(database, one, CHARGED)

    for reviewer, name in (("r1", "bug"), ("r2", "billing")):
        answered(database, one, known[name], round_=2, reviewer=reviewer)
        given = [row for row in _answers(database) if row.round == 2]
        with database.writing() as session:
            responses.replace(session, (one.id, 2), DATASET, given, TEAM)

    with database.reading() as session:
        question = session.get_one(Question, one.id)
    assert (questions.first_round(question), question.rounds) == (2, 2)


def _answers(database: Database) -> list[Answer]:
    with database.reading() as session:
        return list(session.exec(select(Answer)))


def test_answers_on_earlier_texts_stay_when_reviewers_move_to_another_dataset(
    database: Database, known: dict[str, Label]
) -> None:
    one, other = (predicted(database, known["bug"], CRASHES) for _ in range(2))
    for each in (one, other):
        say(database, each, ANA, known["bug"])
        answered(database, each, known["bug"])
    rewrite(database, one, CHARGED)
    with database.writing() as session:
        datasets.add(session, TEAM, "d2", Stage.FILLING)
        datasets.switch(session, DATASET, "d2", "2026-11-23T08:00:00")

    assert [(row.message_id, row.aside) for row in _answers(database)] == [(one.id, 0)]


def test_heads_of_all_replicas_are_fitted_again_when_something_is_set_aside_or_counts_again(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    states = []
    for text in (CHARGED, CRASHES):
        with database.reading() as session:
            states.append(resolution.state(session, TEAM))
        rewrite(database, one, text)
    with database.reading() as session:
        states.append(resolution.state(session, TEAM))

    assert states[0] == states[2] != states[1]


def test_heads_are_fitted_again_when_what_was_said_of_one_text_takes_the_place_of_what_was_said_of_another(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    rewrite(database, one, CHARGED)
    say(database, one, BEN, known["billing"])
    with database.reading() as session:
        before = resolution.state(session, TEAM)

    rewrite(database, one, CRASHES)

    assert settled(database) == {one.id: known["bug"].id}
    with database.reading() as session:
        assert resolution.state(session, TEAM) != before


def test_reviewers_are_asked_about_what_was_told_late_once_it_counts_again(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    rewrite(database, one, CHARGED, at=100.0)
    late = Correction(
        message_id=one.id,
        team_id=TEAM,
        user_id=ANA,
        label_id=known["bug"].id,
        word=Word.REACTED,
        created_at=90.0,
    )
    with database.writing() as session:
        corrections.add_once(session, late)
        assert session.get(Question, one.id) is None

    rewrite(database, one, CRASHES, at=120.0)

    with database.reading() as session:
        assert session.get_one(Question, one.id).source == questions.CORRECTION
        assert outbox.knows(session, one.id)


def test_what_was_taken_back_before_an_edit_is_not_shown_as_said_of_the_earlier_text(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"], Word.REACTED)
    say(database, one, ANA, known["bug"], Word.WITHDRAWN)
    say(database, one, BEN, known["billing"])
    with database.writing() as session:
        corrections.undo(session, TEAM, one.id, BEN, "undone")

    rewrite(database, one, CHARGED)

    with database.reading() as session:
        assert contents.of_message(session, one.id).earlier_words == []


def test_a_label_that_was_chosen_for_an_earlier_text_is_not_counted_whether_somebody_undid_a_correction_or_not(
    database: Database, known: dict[str, Label]
) -> None:
    one, other = (predicted(database, known["bug"], CRASHES) for _ in range(2))
    for each in (one, other):
        say(database, each, ANA, known["bug"])
        rewrite(database, each, CHARGED)
        say(database, each, BEN, known["billing"])
    with database.writing() as session:
        corrections.undo(session, TEAM, other.id, BEN, "undone")

    with database.reading() as session:
        assert labels.counts(session, TEAM) == {known["billing"].id: 1}


def test_nothing_of_an_earlier_text_is_left_when_the_message_is_erased_or_its_reader_forgotten(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, BEN, known["bug"])
    rewrite(database, one, NEAR)

    with database.writing() as session:
        erasure.disown(session, TEAM, BEN, "forgotten-1")
    with database.reading() as session:
        assert contents.of_message(session, one.id).earlier_words[0].user_id == "forgotten-1"
    with database.writing() as session:
        erasure.erase(session, [one.id])

    with database.reading() as session:
        assert session.exec(select(Wording)).all() == []
        assert session.get_one(Message, one.id).still is None
        assert contents.of_message(session, one.id).earlier_words == []
        assert corrections.count_earlier(session, TEAM) == 0


def test_what_two_models_said_of_an_earlier_text_is_no_question_any_more(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    bug, billing = known["bug"].id, known["billing"].id
    with database.writing() as session:
        run = Run(team_id=TEAM, cause="test", phase=Phase.SHADOW)
        session.add(run)
        session.flush()
        dispute = Dispute(
            run_id=run.id,
            message_id=one.id,
            team_id=TEAM,
            champion_label=bug,
            challenger_label=billing,
            asked_at=1.0,
        )
        disagreements.note(session, dispute)

    rewrite(database, one, CHARGED)

    with database.reading() as session:
        assert disagreements.choices(session, [one.id]) == {}


def test_held_back_corrections_of_an_earlier_text_are_not_shown_beside_the_new_one(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    say(database, one, ANA, known["bug"])
    with database.writing() as session:
        now = time.time()
        burst = Burst(
            id="b1", team_id=TEAM, user_id=ANA, corrections=1, began=now - 60, ended=now, share_right=0.1
        )
        bursts.flag(session, burst)
        assert len(bursts.examples(session, "b1", 9)) == 1

    rewrite(database, one, CHARGED)

    with database.reading() as session:
        assert bursts.examples(session, "b1", 9) == []


def test_a_summary_of_a_message_that_says_something_else_now_teaches_nothing(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)
    summary = Summary(
        team_id=TEAM, channel_id=SUPPORT, asked_by=ANA, origin=Origin.COMMAND, making=Making.WAITING
    )
    with database.writing() as session:
        summary_id = summaries.ask(session, summary).id
        assert not summaries.finish(session, summary_id, [one.id], {one.id: 7})  # it was read before an edit
    with database.writing() as session:
        assert summaries.finish(session, summary_id, [one.id], {one.id: 0})
    with database.writing() as session:
        edit = SummaryWord(
            summary_id=summary_id, team_id=TEAM, user_id=ANA, opinion=Opinion.EDITED, text="It crashes."
        )
        summaries.say(session, edit)

    taught = []
    for text in (TYPO, CHARGED, CRASHES):
        rewrite(database, one, text)
        with database.reading() as session:
            taught.append((summaries.is_outdated(session, summary_id), reviews.settled(session, TEAM, {ANA})))

    assert taught == [
        (False, {summary_id: "It crashes."}),
        (True, {}),
        (False, {summary_id: "It crashes."}),
    ]


def test_the_text_of_a_message_is_predicted_again_with_a_vector_of_its_own(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], CRASHES)

    rewrite(database, one, CHARGED)

    with database.writing() as session:
        [waiting] = messages.waiting(session, TEAM, 9)
        assert predictions.vectors(session, ENCODER, [one.id]) == {}
        messages.take(session, [waiting])
        predictions.keep_vectors(session, ENCODER, {one.id: np.ones(3, dtype=np.float32)})
        assert predictions.put(session, [prediction(waiting, known["billing"])]) == {one.id}
