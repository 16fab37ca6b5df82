"""What records in a real Argilla say of what the model thinks, as versions come and go."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from learning.annotation import suggesting
from learning.annotation.opinions import CurrentPrediction
from learning.argilla import schema
from learning.argilla.schema import DatasetPlan
from storage.database.engine import Database
from storage.deliveries import outbox
from storage.feedback import questions
from storage.feedback.questions import Key
from storage.messages import datasets
from storage.models import floors
from storage.tables.deliveries import Kind
from storage.tables.feedback import Label
from storage.tables.messages import Message
from storage.tables.models import Basis, Floor
from tests.factories import ENCODER, TEAM, label_set, predicted
from tests.learning.annotation.desk import Desk

Json = dict[str, Any]
NONE_FITS = 9.0


def asked(database: Database, label: Label, text: str) -> Message:
    """A message that reviewers are asked about, predicted by the first version."""
    one = predicted(database, label, text)
    with database.writing() as session:
        questions.ask(session, TEAM, one.id, "margin", is_random=False)
    return one


def suggestions(desk: Desk) -> dict[str, tuple[str, str]]:
    """What is suggested for each text, and by whom."""
    found = desk.reviewer.records()
    return {
        one["fields"]["text"]: (suggestion["value"], suggestion["agent"])
        for one in found
        for suggestion in one["suggestions"]
    }


def test_what_reviewers_have_yet_to_answer_follows_the_version_in_service(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    for text in ("pending", "answered", "draft"):
        asked(database, known["bug"], text)
    desk.serve(known["bug"], version=1)
    desk.deliver()
    before = desk.reviewer.record("pending")
    desk.reviewer.submit(desk.reviewer.record("answered"), "praise")
    desk.reviewer.draft(desk.reviewer.record("draft"), "praise")

    desk.serve(known["billing"], version=2)
    desk.refresh()
    after = desk.reviewer.record("pending")
    promoted = suggestions(desk)
    desk.serve(known["bug"], version=1)
    desk.refresh()

    assert promoted == {"pending": ("billing", "v2.0"), "answered": ("bug", "v1.0"), "draft": ("bug", "v1.0")}
    assert suggestions(desk)["pending"] == ("bug", "v1.0")
    assert after["suggestions"][0]["score"] == 1.0
    assert after["metadata"] == {**before["metadata"], "version": "v2.0"}
    assert after["metadata"]["channel"] == "#C1"
    assert after["vectors"] == before["vectors"]


def test_an_answer_that_is_on_its_way_leaves_the_record_as_it_is(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    asked(database, known["bug"], "one")
    desk.serve(known["bug"], version=1)
    desk.deliver()
    desk.reviewer.submit(desk.reviewer.record("one"), "bug")
    desk.sweep()
    desk.serve(known["billing"])
    with database.writing() as session:
        questions.ask(session, TEAM, desk.reviewer.record("one")["external_id"], "margin", is_random=True)

    desk.deliver()
    desk.refresh()

    [record] = desk.reviewer.records()
    assert suggestions(desk) == {"one": ("bug", "v1.0")}
    assert (record["metadata"]["version"], record["metadata"]["source"]) == ("v1.0", "margin")


def test_a_record_says_at_once_what_the_version_in_service_thinks(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    asked(database, known["bug"], "new")
    desk.serve(known["praise"], version=3)

    desk.deliver()

    assert suggestions(desk) == {"new": ("praise", "v3.0")}


def test_nothing_is_suggested_if_no_label_fits_and_what_was_suggested_is_taken_back(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    asked(database, known["bug"], "before")
    desk.serve(known["bug"], version=1)
    desk.deliver()
    set_floor(database, NONE_FITS, version=2)
    asked(database, known["bug"], "after")
    desk.serve(known["bug"], version=2)

    desk.deliver()
    desk.refresh()
    without = suggestions(desk)
    desk.serve(known["billing"], version=3)
    desk.refresh()

    assert without == {}
    assert suggestions(desk) == {"before": ("billing", "v3.0"), "after": ("billing", "v3.0")}


def set_floor(database: Database, at: float, version: int = 1) -> None:
    """Make a floor anew, for the version that serves."""
    floor = Floor(
        team_id=TEAM, version=version, at=at, basis=Basis.LABELLED, share=0.05, messages=20, made_of={}
    )
    with database.writing() as session:
        floors.keep(session, floor)


def test_after_an_edit_to_what_no_label_fits_the_suggestion_is_taken_back_at_once(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    edited = [asked(database, known["bug"], text) for text in ("pending", "draft", "fits")]
    desk.serve(known["bug"], version=1)
    desk.deliver()
    desk.refresh()
    desk.reviewer.draft(desk.reviewer.record("draft"), "praise")
    before = suggestions(desk)
    set_floor(database, NONE_FITS)
    for one in edited[:2]:
        with database.writing() as session:
            outbox.append(session, TEAM, one.id, Kind.EDIT)

    desk.deliver()

    assert before == dict.fromkeys(("pending", "draft", "fits"), ("bug", "v1.0"))
    assert suggestions(desk) == dict.fromkeys(("draft", "fits"), ("bug", "v1.0"))
    with database.reading() as session:
        [record] = datasets.records(session, [edited[0].id])
    assert record.suggested
    assert CurrentPrediction.from_json(record.suggested).is_none


def test_a_floor_that_is_made_anew_is_followed_without_another_version(
    desk: Desk,
    database: Database,
    three: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suggesting, "FOLLOW_EVERY_S", 0.0)
    set_floor(database, NONE_FITS)
    desk.refresh()
    none = suggestions(desk)
    sent = times_sent(three)
    set_floor(database, -NONE_FITS)
    desk.refresh()
    soon = labels_of(desk)
    desk.refreshing = desk.another_refreshing()
    desk.refresh()

    assert (none, sent) == ({}, 3)
    assert soon == {"newest": "bug"}
    assert labels_of(desk) == dict.fromkeys(("newest", "older", "oldest"), "bug")


def labels_of(desk: Desk) -> dict[str, str]:
    return {text: label for text, (label, _) in suggestions(desk).items()}


@pytest.fixture
def three(
    desk: Desk,
    database: Database,
    known: dict[str, Label],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> pytest.LogCaptureFixture:
    """Records that say *bug*, of which only the newest follows soon, in batches of one; what is logged then."""
    monkeypatch.setattr(suggesting, "BATCH", 1)
    monkeypatch.setattr(suggesting, "FOLLOW_MOST", 1)
    for text in ("oldest", "older", "newest"):
        asked(database, known["bug"], text)
    desk.serve(known["bug"], version=1)
    desk.deliver()
    desk.refresh()
    caplog.set_level(logging.INFO)
    caplog.clear()
    return caplog


def times_sent(log: pytest.LogCaptureFixture) -> int:
    return log.text.count("suggestions brought up to date number=1")


def test_all_records_follow_newest_first_and_a_restart_goes_on_where_it_was(
    desk: Desk, database: Database, known: dict[str, Label], three: pytest.LogCaptureFixture
) -> None:
    desk.serve(known["billing"])
    while times_sent(three) < 2:
        desk.refreshing.step()
    before = labels_of(desk)
    desk.refreshing = desk.another_refreshing()
    desk.refresh()
    after = labels_of(desk)
    desk.refreshing = desk.another_refreshing()
    desk.refresh()

    assert before == {"newest": "billing", "older": "billing", "oldest": "bug"}
    assert after == dict.fromkeys(before, "billing")
    assert times_sent(three) == 3


def test_a_roll_back_takes_the_place_of_a_promotion_that_not_all_records_follow_yet(
    desk: Desk, database: Database, known: dict[str, Label], three: pytest.LogCaptureFixture
) -> None:
    desk.serve(known["billing"])
    while times_sent(three) < 2:
        desk.refreshing.step()
    desk.refreshing = desk.another_refreshing()
    desk.serve(known["bug"], version=1)
    desk.refresh()

    assert suggestions(desk) == dict.fromkeys(("newest", "older", "oldest"), ("bug", "v1.0"))
    assert times_sent(three) == 2 + 2  # the third still says so


def test_another_process_ends_what_one_began(
    desk: Desk, database: Database, known: dict[str, Label], three: pytest.LogCaptureFixture
) -> None:
    served = desk.champion.served
    idle, desk.refreshing = desk.refreshing, desk.another_refreshing()
    desk.serve(known["billing"])
    while times_sent(three) < 2:
        desk.refreshing.step()
    desk.champion.swap(served)
    desk.refreshing = idle
    desk.refresh()

    assert labels_of(desk) == dict.fromkeys(("newest", "older", "oldest"), "bug")


def test_after_a_correction_the_newest_records_follow_soon_and_all_others_once_in_a_while(
    desk: Desk,
    database: Database,
    known: dict[str, Label],
    three: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suggesting, "FOLLOW_EVERY_S", 0.0)
    desk.serve(known["billing"], version=1, revision=1)
    desk.refresh()
    soon = labels_of(desk)
    monkeypatch.setattr(suggesting, "FOLLOW_ALL_EVERY_S", 0.0)
    desk.refresh()

    assert soon == {"newest": "billing", "older": "bug", "oldest": "bug"}
    assert labels_of(desk) == dict.fromkeys(soon, "billing")
    assert times_sent(three) == 3


def test_a_score_that_hardly_moved_is_not_sent_and_another_version_always_is() -> None:
    before = CurrentPrediction(1, 4, "bug", 0.80, 0.5)

    assert not replace(before, revision=5, confidence=0.82).differs_from(before.to_json())
    assert replace(before, revision=5, confidence=0.86).differs_from(before.to_json())
    assert replace(before, version=2).differs_from(before.to_json())
    assert replace(before, label_id="billing").differs_from(before.to_json())


def test_a_record_that_moves_to_another_dataset_is_not_sent_once_more(
    desk: Desk, database: Database, known: dict[str, Label], caplog: pytest.LogCaptureFixture
) -> None:
    asked(database, known["bug"], "one")
    desk.serve(known["bug"], version=1)
    desk.deliver()
    desk.refresh()
    desk.labels.append("access")
    desk.deliver()

    with caplog.at_level(logging.INFO):
        desk.refresh()

    assert suggestions(desk) == {"one": ("bug", "v1.0")}
    assert "up to date" not in caplog.text
    assert without_vector(desk, database) == []


def test_old_messages_get_vectors_of_a_new_encoder_and_a_restart_goes_on_where_it_was(
    desk: Desk, database: Database, known: dict[str, Label], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting, "BATCH", 2)
    for number in range(3):
        asked(database, known["bug"], f"message {number}")
    desk.deliver()
    desk.refresh()
    desk.reviewer.submit(desk.reviewer.record("message 0"), "praise")
    before = {one["id"]: one for one in desk.reviewer.records()}

    desk.vector = "encoder_another"
    desk.refreshing = desk.another_refreshing()
    while len(left := without_vector(desk, database)) == 3:
        desk.refreshing.step()
    desk.refreshing = desk.another_refreshing()
    desk.refresh()

    after = desk.reviewer.records()
    query = {"vector": {"name": "encoder_another", "record_id": after[0]["id"]}}
    path = f"datasets/{desk.reviewer.dataset()['id']}/records/search"
    alike = desk.reviewer.ask("POST", path, json={"query": query})["items"]
    assert len(left) == 1
    assert {one["record"]["id"] for one in alike} >= {one["id"] for one in after[1:]}
    for one in after:
        assert one["vectors"].keys() == {f"encoder_{ENCODER}", "encoder_another"}
        for part in ("fields", "metadata", "suggestions", "responses", "status"):
            assert one[part] == before[one["id"]][part]


def without_vector(desk: Desk, database: Database) -> list[Key]:
    with database.reading() as session:
        return datasets.without_vector(session, desk.kept.form().dataset_id, desk.vector, 10)


# More labels than have digits of their own


MANY = [f"label {letter}" for letter in "abcdefghij"]


@pytest.fixture
def many(desk: Desk, database: Database) -> dict[str, Label]:
    desk.labels = list(MANY)
    return label_set(database, *MANY)


def test_with_more_than_nine_labels_nothing_is_preselected_and_a_field_shows_what_the_model_says(
    desk: Desk, database: Database, many: dict[str, Label]
) -> None:
    asked(database, many["label a"], "one")
    desk.serve(many["label a"], version=1)
    desk.deliver()
    before = desk.reviewer.record("one")

    desk.serve(many["label j"], version=2)
    desk.refresh()
    after = desk.reviewer.record("one")

    assert before["suggestions"] == after["suggestions"] == []
    assert before["fields"]["predicted"] == "**label a**, 100% sure"
    assert after["fields"] == {**before["fields"], "predicted": "**label j**, 100% sure"}
    assert (after["metadata"]["version"], after["metadata"]["channel"]) == ("v2.0", "#C1")


class Eager(DatasetPlan):
    """As an earlier release made it: it preselects among any number of labels."""

    preselects = True


def test_a_dataset_in_which_an_earlier_release_preselects_among_many_labels_moves_with_its_responses(
    desk: Desk, database: Database, many: dict[str, Label]
) -> None:
    asked(database, many["label a"], "answered")
    asked(database, many["label a"], "pending")
    plan = desk.plan()
    desk.kept._plan = lambda: Eager(**vars(plan))
    desk.deliver()
    before = suggestions(desk)
    former = desk.reviewer.dataset()["id"]
    desk.reviewer.submit(desk.reviewer.record("answered"), "label c")

    desk.kept._plan = desk.plan
    desk.deliver()
    desk.serve(many["label a"], version=1)
    desk.refresh()

    records = {one["fields"]["text"]: one for one in desk.reviewer.records()}
    assert before["pending"] == ("label a", "v1.0")
    assert desk.reviewer.dataset()["id"] != former
    assert suggestions(desk) == {}
    assert records["pending"]["fields"]["predicted"] == "**label a**, 100% sure"
    assert [one["values"]["label"]["value"] for one in records["answered"]["responses"]] == ["label c"]


@pytest.mark.parametrize(
    ("number", "danger"), [(9, "the *next* record's suggestion, unread"), (10, "a digit")]
)
def test_the_first_line_of_the_guidelines_warns_of_keys(number: int, danger: str) -> None:
    plan = DatasetPlan(dict.fromkeys(map(str, range(number)), ""), 1, "v", "V", 3)

    first = plan.guidelines.splitlines()[0]
    assert danger in first
    assert "a digit" in first
    assert (schema.CAREFUL in first) == (number <= 9)
