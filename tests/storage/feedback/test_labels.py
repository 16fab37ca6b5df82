from __future__ import annotations

import pytest

from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.labels import (
    DAY_S,
    MAX_PROPOSALS_OF_ALL_PER_DAY,
    MAX_PROPOSALS_PER_DAY,
    Changes,
    LabelSpec,
    RetiredLabelError,
    TooManyProposalsError,
    TooManyProposalsOfAllError,
)
from storage.privacy import erasure
from storage.tables.feedback import Label, LabelSource
from storage.workspaces import pseudonyms
from tests.factories import ANA, BEN, OTHER, TEAM, label_set, predicted, say, together


def test_the_first_file_adds_all_its_labels(database: Database) -> None:
    changes = _synchronize(
        database, LabelSpec("bug", "it breaks", ":bug:", ("It crashes",)), LabelSpec("billing")
    )

    assert changes == Changes(added=2, changed=0, retired=0)
    billing, bug = _active(database)
    assert (bug.name, bug.description, bug.emoji, bug.examples) == (
        "bug",
        "it breaks",
        ":bug:",
        ["It crashes"],
    )
    assert billing.source is LabelSource.FILE


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    spec = LabelSpec("bug", "it breaks", ":bug:", ("It crashes",))
    _synchronize(database, spec)
    [before] = _active(database)

    assert _synchronize(database, spec) == Changes(0, 0, 0)
    assert _active(database) == [before]


@pytest.mark.parametrize(
    "edited",
    [LabelSpec("bug", "it fails"), LabelSpec("bug", emoji=":beetle:"), LabelSpec("bug", examples=("Help",))],
)
def test_an_edited_label_stays_the_same_label(database: Database, edited: LabelSpec) -> None:
    before = label_set(database, "bug")["bug"]

    assert _synchronize(database, edited) == Changes(0, 1, 0)
    [after] = _active(database)
    assert after.id == before.id
    assert (after.description, after.emoji, after.examples) == (
        edited.description,
        edited.emoji,
        list(edited.examples),
    )


def test_a_label_that_the_file_dropped_is_retired_and_taken_back_as_it_was(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]

    assert _synchronize(database, LabelSpec("billing")) == Changes(0, 0, 1)
    assert [label.name for label in _active(database)] == ["billing"]
    assert _synchronize(database, LabelSpec("billing")) == Changes(0, 0, 0)
    assert _synchronize(database, LabelSpec("billing"), LabelSpec("bug")) == Changes(0, 1, 0)
    assert bug.id in [label.id for label in _active(database)]


def test_a_name_written_in_other_letters_case_is_the_same_label(database: Database) -> None:
    before = label_set(database, "Ärger", "bug")["Ärger"]

    assert _synchronize(database, LabelSpec("ärger"), LabelSpec("bug")) == Changes(0, 1, 0)
    after = next(label for label in _active(database) if label.name == "ärger")
    assert after.id == before.id
    assert _propose(database, "ÄRGER").id == before.id


def test_what_people_proposed_stays_when_the_file_changes(database: Database) -> None:
    label_set(database, "bug")
    _propose(database, "data export")

    assert _synchronize(database, LabelSpec("billing")) == Changes(1, 0, 1)
    assert [label.name for label in _active(database)] == ["billing", "data export"]


def test_a_proposal_that_the_file_takes_up_belongs_to_the_file(database: Database) -> None:
    proposed = _propose(database, "data export")

    assert _synchronize(database, LabelSpec("data export", "files out of here")) == Changes(0, 1, 0)
    [label] = _active(database)
    assert (label.id, label.source, label.proposed_by) == (proposed.id, LabelSource.FILE, ANA)


@pytest.mark.parametrize("name", ["data export", "Änderung", "İstanbul", "請求書", "100%_sure"])
def test_a_proposal_makes_a_label_that_can_be_chosen(database: Database, name: str) -> None:
    proposed = _propose(database, name)

    assert (proposed.name, proposed.source, proposed.proposed_by) == (name, LabelSource.PROPOSED, ANA)
    assert [label.id for label in _active(database)] == [proposed.id]


@pytest.mark.parametrize(("first", "second"), [("data export", "Data Export"), ("Änderung", "änderung")])
def test_a_proposal_in_other_letters_case_is_the_label_that_stands(
    database: Database, first: str, second: str
) -> None:
    assert _propose(database, first).id == _propose(database, second).id
    assert len(_active(database)) == 1


def test_a_retired_label_cannot_be_proposed(database: Database) -> None:
    label_set(database, "bug", "billing")
    _synchronize(database, LabelSpec("billing"))

    with pytest.raises(RetiredLabelError, match=r"'bug' was retired\. Choose another label") as refused:
        _propose(database, "Bug")

    assert refused.value.name == "bug"


def test_two_people_who_propose_the_same_at_once_get_the_same_label(database: Database) -> None:
    label_set(database, "bug", "billing")

    first, second, third = together(
        lambda: _propose(database, "export", ANA),
        lambda: _propose(database, "export", BEN),
        lambda: _propose(database, "Export", BEN),
    )

    assert first.id == second.id == third.id
    assert len(_active(database)) == 3


def test_replicas_that_start_together_add_each_label_once(database: Database) -> None:
    names = [f"label {number}" for number in range(20)]
    one = [LabelSpec(name) for name in names]
    reordered = one[::-1]

    together(lambda: _synchronize(database, *one), lambda: _synchronize(database, *reordered))

    assert [label.name for label in _active(database)] == sorted(names)


def test_replicas_that_start_together_with_an_edited_file_agree(database: Database) -> None:
    label_set(database, "bug", "billing", "praise")
    edited = [LabelSpec("praise", "thanks"), LabelSpec("bug", "crash"), LabelSpec("outage")]

    together(*[lambda: _synchronize(database, *edited)] * 3)

    assert [label.name for label in _active(database)] == ["bug", "outage", "praise"]


def test_labels_are_counted_by_the_messages_on_which_somebody_chose_them(database: Database) -> None:
    known = label_set(database, "bug", "billing", "praise")
    one, other = predicted(database, known["bug"]), predicted(database, known["bug"])
    for message, user, name in [
        (one, ANA, "billing"),
        (one, BEN, "billing"),
        (other, ANA, "billing"),
        (one, ANA, "bug"),
    ]:
        say(database, message, user, known[name])

    with database.reading() as session:
        assert labels.counts(session, TEAM) == {known["billing"].id: 2, known["bug"].id: 1}
        assert labels.counts(session, OTHER) == {}


def _synchronize(database: Database, *specs: LabelSpec) -> Changes:
    with database.writing() as session:
        return labels.synchronize(session, TEAM, specs)


def _propose(database: Database, name: str, by: str = ANA) -> Label:
    with database.writing() as session:
        return labels.propose(session, TEAM, name, by)


def _active(database: Database) -> list[Label]:
    with database.reading() as session:
        return labels.active(session, TEAM)


def test_a_person_proposes_so_many_labels_a_day_and_goes_on_the_day_after(database: Database) -> None:
    for number in range(MAX_PROPOSALS_PER_DAY):
        _propose(database, f"new {number}")

    with pytest.raises(TooManyProposalsError):
        _propose(database, "one more")
    _propose(database, "NEW 1")  # it is there already
    _propose(database, "one more", BEN)
    with database.writing() as session:
        for label in labels.active(session, TEAM):
            label.created_at -= DAY_S
    _propose(database, "and another")


def test_nobody_proposes_without_end_by_having_themselves_forgotten(database: Database) -> None:
    for number in range(MAX_PROPOSALS_OF_ALL_PER_DAY):
        if number % MAX_PROPOSALS_PER_DAY == 0:
            with database.writing() as session:
                erasure.disown(session, TEAM, ANA, f"{pseudonyms.FORGOTTEN}{number}")
        _propose(database, f"new {number}")
    with database.writing() as session:
        erasure.disown(session, TEAM, ANA, f"{pseudonyms.FORGOTTEN}at-last")

    with pytest.raises(TooManyProposalsOfAllError):
        _propose(database, "one more")
