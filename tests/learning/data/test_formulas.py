"""Exported cells that a spreadsheet would run as formulas."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from learning.data.exporting import write
from learning.data.formulas import neutral, restored
from learning.data.sources import Columns, open_source
from storage.feedback.resolution import SettledBy
from storage.reports.exports import LabelledText
from tests.properties import REPEATABLE

HARMLESS = ["It crashes", "it's = that", "a-b@c.example", "'quoted'", "1 + 1", "", "(-1)", "'tis"]
FORMULAS = [
    "=1+1",
    "+351 912",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    " =1",
    "\u00a0=1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b=1",
    '"=1',
    "'=1",
    "“=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "\t",
]
BEGINNINGS = st.text("=+-@＝＠'\"“ \t\r\n\u00a0\ufeff,;a", max_size=6)


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_begins_with_an_apostrophe(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", HARMLESS)
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert neutral(cell) == cell == restored(cell)


@REPEATABLE
@given(BEGINNINGS)
@example("'=1")
@example("''=1")
@example("'\t")
def test_no_cell_is_a_formula_and_each_is_read_as_it_was(cell: str) -> None:
    assert not neutral(cell).lstrip().startswith(("=", "+", "-", "@", "＝", "＠"))
    assert restored(neutral(cell)) == cell


@settings(REPEATABLE, max_examples=30)
@given(st.lists(st.tuples(BEGINNINGS, BEGINNINGS), min_size=1, max_size=20))
@example([("=HYPERLINK(0)", "'=bug"), ("'-", "@x"), ("\r=1", "\n")])
def test_an_export_is_read_exactly_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    # An empty cell is how CSV writes nothing at all, and no message and no label is empty.
    filled = [(text + "text", label + "label") for text, label in pairs]
    rows = [
        LabelledText(f"m{n}", text, label, SettledBy.WORDS, 0.0, None)
        for n, (text, label) in enumerate(filled)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.csv")
        write(rows, path, lambda _: None)
        with path.open(encoding="utf-8", newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        read = [(row.text, row.label, row.message_id) for row in open_source(str(path), Columns()).rows]

    assert read == [(text, label, f"m{n}") for n, (text, label) in enumerate(filled)]
    assert [cell for cell in cells if neutral(cell) != cell and not cell.startswith("'")] == []


def test_an_apostrophe_in_a_file_that_is_no_export_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n'-5 is wrong,'=bug\n", encoding="utf-8")

    assert [(row.text, row.label) for row in open_source(str(file), Columns()).rows] == [
        ("'-5 is wrong", "'=bug")
    ]
