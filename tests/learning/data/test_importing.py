from __future__ import annotations

from collections.abc import Callable

import pytest

from learning.data import importing
from learning.data.importing import Fault, Importing, ImportTally, Keeper, LabelNames, Rehearsing, Taking
from learning.data.sources import SourceRow
from learning.text.masking import Masking
from storage.database.engine import Database
from storage.feedback import imports, labels, resolution
from storage.feedback.imports import ImportOutcome
from storage.messages import messages
from storage.tables.feedback import Label, LabelSource
from tests.databases import on_both
from tests.factories import ANA, TEAM, label_set, predicted, say


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "Bug report", "billing")


def take(
    database: Database,
    *rows: tuple[object, object],
    by: Callable[[Database, str], Keeper] = Importing,
    is_new_taken: bool = False,
) -> tuple[ImportTally, list[Fault]]:
    return take_rows(
        database, [SourceRow(number, None, *row) for number, row in enumerate(rows, 1)], by, is_new_taken
    )


def take_rows(
    database: Database,
    rows: list[SourceRow],
    by: Callable[[Database, str], Keeper] = Importing,
    is_new_taken: bool = False,
) -> tuple[ImportTally, list[Fault]]:
    keeper = by(database, TEAM)
    with database.reading() as session:
        names = LabelNames(labels.every(session, TEAM))
    faults: list[Fault] = []
    new = names.adopting(keeper) if is_new_taken else names.refuse
    one = Taking(keeper, names, new, Masking(), faults.append)
    for row in rows:
        one.take(row)
    one.finish()
    return one.tally, faults


def kept(database: Database) -> dict[str, str]:
    """Names of labels by text."""
    with database.reading() as session:
        names = {label.id: label.name for label in labels.every(session, TEAM)}
        found = resolution.labelled(session, TEAM)
        texts = messages.texts(session, list(found))
    return {texts[message_id]: names[label_id] for message_id, label_id in found.items()}


def test_labels_are_found_whatever_the_case_and_white_space(
    database: Database, known: dict[str, Label]
) -> None:
    tally, faults = take(database, (" It crashes\n", "bug  REPORT "), ("A refund, please", "Billing"))

    assert faults == []
    assert tally.outcomes == {ImportOutcome.NEW: 2}
    assert kept(database) == {"It crashes": "Bug report", "A refund, please": "billing"}


@pytest.mark.parametrize(
    ("text", "label", "reason"),
    [
        ("", "billing", "empty text"),
        (" \n\t ", "billing", "empty text"),
        (None, "billing", "no text"),
        (float("nan"), "billing", "no text"),
        (7, "billing", "the text is something else than text"),
        ("x" * 40_001, "billing", "the text has more than 40,000 characters"),
        ("a\0b", "billing", "the text holds a NUL character"),
        ("caf\udce9", "billing", "the text is not UTF-8; save the file so"),
        ("fine", None, "no label"),
        ("fine", "  ", "no label"),
        ("fine", 1.5, "the label is no name"),
        ("fine", True, "the label is no name"),
        ("fine", "x" * 61, "the label has more than 60 characters"),
        ("fine", "bilng", "unknown label 'bilng'; the closest is 'billing'"),
        ("fine", "weather", "unknown label 'weather'"),
        ("fine", 3, "unknown label '3'"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_and_the_next_one_is_taken(
    database: Database, known: dict[str, Label], text: object, label: object, reason: str
) -> None:
    tally, faults = take(database, (text, label), ("good", "billing"))

    assert faults == [Fault(1, None, reason)]
    assert (tally.faults, tally.rows) == (1, 2)
    assert kept(database) == {"good": "billing"}


def test_no_fault_quotes_the_text(database: Database, known: dict[str, Label]) -> None:
    secret = "my password is hunter2"
    rows = [(secret, "nothing"), (secret, None), (f"{secret}\0", "billing"), (secret, "billing")]

    _, faults = take(database, *rows, (secret, "bug report"))

    assert len(faults) == 4
    assert "hunter2" not in str(faults)


def test_of_the_same_text_with_two_labels_the_first_stays(
    database: Database, known: dict[str, Label]
) -> None:
    tally, faults = take(database, ("a  b", "billing"), ("a b", "bug report"), ("a b ", "billing"))

    assert faults == [Fault(2, None, "an earlier row has the same text and another label", 1)]
    assert (tally.outcomes, tally.repeated) == ({ImportOutcome.NEW: 1}, 1)
    assert kept(database) == {"a  b": "billing"}


def test_personal_data_in_a_text_is_masked(database: Database, known: dict[str, Label]) -> None:
    take(database, ("Write to ana@example.com", "billing"))

    assert kept(database) == {"Write to [email]": "billing"}


def test_a_rehearsal_says_what_happens_and_changes_nothing(
    database: Database, known: dict[str, Label]
) -> None:
    take(database, ("one", "billing"), ("two", "billing"))
    rows = [("one", "billing"), ("two", "weather"), ("three", "Weather"), ("", "billing")]

    rehearsed = take(database, *rows, by=Rehearsing, is_new_taken=True)
    assert kept(database) == {"one": "billing", "two": "billing"}
    with database.reading() as session:
        assert len(labels.every(session, TEAM)) == 2

    assert take(database, *rows, is_new_taken=True) == rehearsed
    assert rehearsed[0].outcomes == {
        ImportOutcome.UNCHANGED: 1,
        ImportOutcome.CHANGED: 1,
        ImportOutcome.NEW: 1,
    }
    assert rehearsed[0].new_labels == ["weather"]
    assert kept(database) == {"one": "billing", "two": "weather", "three": "weather"}


def test_new_labels_are_made_once_and_only_where_that_is_wished(
    database: Database, known: dict[str, Label]
) -> None:
    tally, _ = take(database, ("a", "Data  export"), ("b", "data export"), is_new_taken=True)

    assert tally.new_labels == ["Data export"]
    with database.reading() as session:
        [made] = [one for one in labels.active(session, TEAM) if one.source is LabelSource.IMPORTED]
    assert made.name == "Data export"


def test_a_column_of_texts_that_is_taken_for_that_of_labels_makes_no_endless_label_set(
    database: Database, known: dict[str, Label]
) -> None:
    rows = [(f"text {number}", f"label {number}") for number in range(importing.LABELS_MOST)]

    tally, faults = take(database, *rows, by=Rehearsing, is_new_taken=True)

    assert len(tally.new_labels) == importing.LABELS_MOST - 2
    assert [fault.reason for fault in faults] == [
        "more than 500 labels; does the right column hold them?"
    ] * 2


def test_a_retired_label_is_refused(database: Database, known: dict[str, Label]) -> None:
    label_set(database, "Bug report")

    _, faults = take(database, ("a", "billing"), is_new_taken=True)

    assert faults == [Fault(1, None, "label 'billing' was retired")]


def test_an_export_that_comes_back_copies_no_message_from_slack(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["billing"], "It crashes")
    say(database, one, ANA, known["Bug report"])
    rows = [
        SourceRow(1, 2, "It crashes", "bug report", one.id),
        SourceRow(2, 3, "It crashes", "billing", one.id),
        SourceRow(3, 4, "From elsewhere", "billing", "0" * 32),
    ]

    tally, faults = take_rows(database, rows)

    assert (tally.settled, tally.outcomes) == (1, {ImportOutcome.NEW: 1})
    assert faults == [Fault(2, 3, "people settled this message otherwise; correct it in Slack or in Argilla")]
    with database.reading() as session:
        assert imports.count(session, TEAM) == 1


@on_both
def test_rows_are_kept_in_parts(database: Database, known: dict[str, Label]) -> None:
    rows = [(f"text {number}", "billing") for number in range(2 * importing.AT_ONCE + 1)]

    tally, _ = take(database, *rows)

    assert tally.outcomes == {ImportOutcome.NEW: len(rows)}
    assert len(kept(database)) == len(rows)
