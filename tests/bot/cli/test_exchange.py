"""`corrigible export` and `import`: what an operator is told, and the exit status."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage.database.engine import Database, open_database
from storage.database.migrate import migrate
from storage.feedback import imports, labels
from storage.tables.feedback import Label
from tests.bot.command_line import corrigible
from tests.factories import ANA, OTHER, TEAM, label_set, predicted, say
from tests.stored import labelled

SECRET = "my password is hunter2"


@pytest.fixture
def opened(database: Database) -> Database:
    """The database of a team with two labels."""
    label_set(database, "bug", "billing")
    return database


@contextmanager
def another(file: Path) -> Iterator[Database]:
    """The same, elsewhere."""
    with closing(open_database(f"sqlite:///{file}")) as database:
        migrate(database)
        label_set(database, "bug", "billing")
        yield database


def at(database: Database, *words: object) -> tuple[int, str]:
    """The exit status of a command, and what it said."""
    folder = Path(str(database.engine.url.database)).parent
    url = database.engine.url.render_as_string(hide_password=False)
    told = corrigible(folder, *map(str, words), DATABASE_URL=url)
    assert "Traceback" not in told.stderr
    return told.returncode, told.stdout + told.stderr


def label_names(database: Database) -> dict[str, str]:
    """Names of labels by text."""
    with database.reading() as session:
        names = {label.id: label.name for label in labels.every(session, TEAM)}
    return {text: names[label_id] for text, label_id in labelled(database).items()}


def test_what_is_exported_is_imported_elsewhere_with_the_same_texts_and_labels(
    opened: Database, tmp_path: Path
) -> None:
    known = label_set(opened, "bug", "billing")
    for text, name in [('It says "500",\nagain', "bug"), ("Refund, please", "billing"), ("NA", "bug")]:
        one = predicted(opened, known["bug"], text)
        say(opened, one, ANA, known[name])

    for name in ("labels.csv", "labels"):
        status, told = at(opened, "export", name)
        assert (status, told.splitlines()[0]) == (0, f"3 rows written to {name}.")
        assert "Slack, whose terms forbid bulk export" in told

        with another(tmp_path / f"{name}.db") as elsewhere:
            status, told = at(elsewhere, "import", name)
            assert (status, told.splitlines()[0]) == (0, "3 rows read, 3 imported.")
            assert label_names(elsewhere) == label_names(opened)

            status, told = at(elsewhere, "import", name)
            assert status == 0
            assert "3 rows read, 0 imported." in told
            assert "3 imported before, with the same label" in told

    status, told = at(opened, "import", name)
    assert status == 0
    assert "3 of messages that are here, with the label that people settled" in told
    with opened.reading() as session:
        assert imports.count(session, TEAM) == 0


def test_an_export_is_not_overwritten_by_accident(opened: Database) -> None:
    assert at(opened, "export", "labels.csv")[0] == 0

    status, told = at(opened, "export", "labels.csv")

    assert status == 1
    assert "labels.csv is there already; give another name, or --overwrite" in told
    assert at(opened, "export", "labels.csv", "--overwrite")[0] == 0


def test_exports_and_reports_are_for_their_owner_alone(opened: Database, tmp_path: Path) -> None:
    assert at(opened, "export", "labels.csv")[0] == at(opened, "export", "labels")[0] == 0
    at(opened, "import", faulty(tmp_path), "--text", "body", "--label", "topic", "--report", "faults.csv")

    written = [tmp_path / "labels.csv", tmp_path / "faults.csv", tmp_path / "labels"]
    assert [path for path in (*written, *written[2].iterdir()) if path.stat().st_mode & 0o077] == []


def faulty(folder: Path) -> Path:
    file = folder / "faulty.csv"
    rows = [(SECRET, "bug"), (SECRET, "billing"), ("", "bug"), ("two", "billling"), ("three", "Bug")]
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("body", "topic"), *rows])
    return file


def test_what_is_wrong_is_told_by_row_and_line_and_the_rest_is_imported(
    opened: Database, tmp_path: Path
) -> None:
    words = "import", faulty(tmp_path), "--text", "body", "--label", "topic"

    dry = at(opened, *words, "--dry-run")
    assert labelled(opened) == {}
    status, told = at(opened, *words, "--report", "faults.csv")

    assert status == dry[0] == 1
    assert "5 rows read, 2 would be imported." in dry[1]
    assert "A dry run: nothing was changed." in dry[1]
    assert "5 rows read, 2 imported." in told
    assert "3 left out" in told
    assert "unknown label 'billling'; the closest is 'billing'" in told
    assert "2 (line 3) against row 1" in told
    assert label_names(opened) == {"my password is [key]": "bug", "three": "bug"}
    report = (tmp_path / "faults.csv").read_text(encoding="utf-8")
    assert report.splitlines() == [
        "row,line,reason,other row",
        "2,3,an earlier row has the same text and another label,1",
        "3,4,empty text,",
        "4,5,unknown label 'billling'; the closest is 'billing',",
    ]
    assert "hunter2" not in dry[1] + told + report


def test_new_labels_are_made_where_that_is_wished(opened: Database, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "data export"}\n', encoding="utf-8")

    status, told = at(opened, "import", "a.jsonl", "--new-labels")

    assert status == 0
    assert "1 new labels made: data export" in told
    assert label_names(opened) == {"a": "data export"}
    assert "an import" in at(opened, "labels")[1]
    assert "labels imported" in at(opened, "status")[1]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("absent.csv",), "absent.csv can't be read: No such file or directory"),
        (("owner/absent",), "HF_HUB_OFFLINE is set, so it is not looked for"),
        (("good.csv", "--text", "body"), "good.csv has no column 'body'; say with --text which it is"),
        (("good.csv", "--report", "good.csv"), "the report good.csv can't be written (File exists)"),
        (("good.csv", "--team", "T9"), f"There is no team 'T9' here; --team can be: {TEAM}."),
    ],
)
def test_where_nothing_can_be_read_the_status_is_2_and_no_report_is_left(
    opened: Database, tmp_path: Path, words: tuple[str, ...], fault: str
) -> None:
    (tmp_path / "good.csv").write_text("text,label\na,bug\n", encoding="utf-8")

    report = () if "--report" in words else ("--report", "faults.csv")
    status, told = at(opened, "import", *words, *report)

    assert status == 2
    assert fault in told
    assert not (tmp_path / "faults.csv").exists()
    assert labelled(opened) == {}


def test_of_several_teams_one_is_named(opened: Database, tmp_path: Path) -> None:
    theirs: dict[str, Label] = label_set(opened, "bug", team_id=OTHER)
    (tmp_path / "good.csv").write_text("text,label\na,bug\n", encoding="utf-8")

    assert "say which with --team: T1, T2" in at(opened, "import", "good.csv")[1]
    assert "say which with --team: T1, T2" in at(opened, "export", "all.csv")[1]
    assert at(opened, "import", "good.csv", "--team", OTHER)[0] == 0
    assert labelled(opened, OTHER) == {"a": theirs["bug"].id}
    assert labelled(opened) == {}


def test_of_several_teams_one_is_exported_and_what_comes_to_another_touches_nothing_of_it(
    opened: Database, tmp_path: Path
) -> None:
    for team_id, text in ((TEAM, "Refund, please"), (OTHER, "It crashes")):
        label = label_set(opened, "billing", team_id=team_id)["billing"]
        say(opened, predicted(opened, label, text), ANA, label)
    mine = labelled(opened)

    assert at(opened, "export", "mine.csv", "--team", TEAM)[0] == 0
    exported = (tmp_path / "mine.csv").read_text(encoding="utf-8")
    moved = exported.replace("billing", "bug")
    (tmp_path / "moved.csv").write_text(moved, encoding="utf-8")
    label_set(opened, "billing", "bug", team_id=OTHER)
    status, told = at(opened, "import", "moved.csv", "--team", OTHER)

    assert "Refund, please" in exported
    assert "It crashes" not in exported
    assert (status, told.splitlines()[0]) == (0, "1 rows read, 1 imported.")
    assert labelled(opened) == mine
    assert set(labelled(opened, OTHER)) == {"It crashes", "Refund, please"}
