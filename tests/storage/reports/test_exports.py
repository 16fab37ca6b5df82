from __future__ import annotations

from storage.database.engine import Database
from storage.feedback import imports
from storage.feedback.imports import Labelled
from storage.feedback.resolution import SettledBy
from storage.messages import messages
from storage.models import splits
from storage.reports import exports
from storage.tables.models import Side
from tests.factories import ANA, OTHER, TEAM, label_set, predicted, received, say


def settled(database: Database, team_id: str = TEAM) -> list[exports.LabelledText]:
    with database.reading() as session:
        return list(exports.settled(session, team_id))


def test_what_is_settled_comes_with_its_source_and_its_side_in_the_order_of_settling(
    database: Database,
) -> None:
    known = label_set(database, "bug", "billing")
    first = predicted(database, known["bug"], "It crashes")
    word = say(database, first, ANA, known["billing"])
    with database.writing() as session:
        imports.keep(session, TEAM, [Labelled("I want my money back", known["billing"].id)])
        splits.keep(session, TEAM, {first.id: Side.HOLDOUT})

    one, two = settled(database)

    assert one == exports.LabelledText(
        first.id, "It crashes", "billing", SettledBy.WORDS, word.created_at, Side.HOLDOUT
    )
    assert (two.text, two.label, two.source, two.side) == (
        "I want my money back",
        "billing",
        SettledBy.IMPORTED,
        None,
    )


def test_nothing_else_is_exported(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    received(database, "nobody said anything")
    erased = predicted(database, known["bug"], "erased")
    retired = predicted(database, known["bug"], "of a label that is retired")
    say(database, erased, ANA, known["bug"])
    say(database, retired, ANA, known["billing"])
    label_set(database, "bug")
    theirs = label_set(database, "bug", team_id=OTHER)
    say(database, predicted(database, theirs["bug"], "theirs"), ANA, theirs["bug"])
    with database.writing() as session:
        messages.erase(session, TEAM, erased.channel_id, erased.ts, is_heard=True)

    assert settled(database) == []
    assert [row.text for row in settled(database, OTHER)] == ["theirs"]


def test_many_are_read_in_parts(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    texts = [f"message {number}" for number in range(exports.AT_ONCE + 10)]
    with database.writing() as session:
        imports.keep(session, TEAM, [Labelled(text, bug.id) for text in texts])

    assert sorted(row.text for row in settled(database)) == sorted(texts)
