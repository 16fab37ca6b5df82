from __future__ import annotations

import pytest

from storage.database.engine import Database
from storage.feedback import label_edits, labels, resolution
from storage.feedback.label_edits import TakenLabelError, TooFewLabelsError, UnknownLabelError
from storage.feedback.labels import LabelSpec
from storage.tables.feedback import Label
from tests.factories import ANA, OTHER, TEAM, label_set

FILE = [LabelSpec("bug"), LabelSpec("billing"), LabelSpec("praise")]


def edit(database: Database, label: Label, spec: LabelSpec, team_id: str = TEAM) -> Label:
    with database.writing() as session:
        return label_edits.edit(session, team_id, label.id, spec, ANA)


def add(database: Database, spec: LabelSpec) -> Label:
    with database.writing() as session:
        return label_edits.add(session, TEAM, spec, ANA)


def retire(database: Database, label: Label) -> Label:
    with database.writing() as session:
        return label_edits.retire(session, TEAM, label.id, ANA)


def start_again(database: Database, specs: list[LabelSpec] = FILE) -> list[str]:
    with database.writing() as session:
        labels.synchronize(session, TEAM, specs)
    with database.reading() as session:
        return [label.name for label in labels.active(session, TEAM)]


def test_a_renamed_label_is_the_same_label_and_the_file_does_not_bring_the_old_one_back(
    database: Database,
) -> None:
    bug = label_set(database, "bug", "billing", "praise")["bug"]

    edited = edit(database, bug, LabelSpec("defect", "it breaks", ":beetle:", ("It crashes",)))
    edit(database, bug, LabelSpec("fault", "it breaks", ":beetle:", ("It crashes",)))

    assert (edited.id, edited.edited_by) == (bug.id, ANA)
    assert start_again(database) == ["billing", "fault", "praise"]
    assert start_again(database, FILE[1:]) == ["billing", "fault", "praise"]


def test_a_label_that_an_operator_retired_stays_retired_when_the_bot_starts_again(database: Database) -> None:
    retire(database, label_set(database, "bug", "billing", "praise")["bug"])

    assert start_again(database) == ["billing", "praise"]


def test_a_retired_label_comes_back_when_it_is_added_again(database: Database) -> None:
    bug = label_set(database, "bug", "billing", "praise")["bug"]
    retire(database, bug)

    assert add(database, LabelSpec("Bug", "it breaks")).id == bug.id
    assert start_again(database) == ["Bug", "billing", "praise"]


def test_the_last_two_labels_cannot_be_retired(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]

    with pytest.raises(TooFewLabelsError, match="Add another one first"):
        retire(database, bug)


@pytest.mark.parametrize("name", ["billing", "BILLING"])
def test_two_labels_cannot_have_one_name(database: Database, name: str) -> None:
    bug = label_set(database, "bug", "billing")["bug"]

    with pytest.raises(TakenLabelError, match="'billing' already; it is in use"):
        edit(database, bug, LabelSpec(name))
    with pytest.raises(TakenLabelError):
        add(database, LabelSpec(name))


def test_a_label_may_be_written_in_other_letters_case(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]

    assert edit(database, bug, LabelSpec("Bug")).name == "Bug"


def test_a_label_can_be_given_back_to_the_file(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]
    edit(database, bug, LabelSpec("defect"))

    with database.writing() as session:
        label_edits.follow_file(session, TEAM, bug.id, [LabelSpec("bug", "it breaks"), LabelSpec("billing")])

    assert start_again(database, [LabelSpec("bug", "it fails"), LabelSpec("billing")]) == ["billing", "bug"]
    with database.reading() as session:
        [_, again] = labels.active(session, TEAM)
    assert (again.id, again.description) == (bug.id, "it fails")


def test_what_the_file_does_not_hold_cannot_be_given_back_to_it(database: Database) -> None:
    label_set(database, "bug", "billing")
    added = add(database, LabelSpec("data export"))

    with pytest.raises(UnknownLabelError), database.writing() as session:
        label_edits.follow_file(session, TEAM, added.id, FILE)


def test_a_label_of_another_team_is_not_known(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]

    with pytest.raises(UnknownLabelError):
        edit(database, bug, LabelSpec("defect"), OTHER)


def test_every_replica_learns_of_an_edit(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]
    seen = []
    for spec in (LabelSpec("bug", "it breaks"), LabelSpec("bug", "it fails")):
        edit(database, bug, spec)
        with database.reading() as session:
            seen.append(resolution.state(session, TEAM))

    assert seen[0] != seen[1]
