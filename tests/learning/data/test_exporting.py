from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import load_from_disk

from learning.data.exporting import COLUMNS, UnusableTargetError, check_target, write
from learning.data.sources import Columns, open_source
from storage.feedback.resolution import SettledBy
from storage.reports.exports import LabelledText
from storage.tables.models import Side

ROWS = [
    LabelledText("m1", 'It says "500", twice\nand again', "bug", SettledBy.REVIEWERS, 0.0, Side.HOLDOUT),
    LabelledText("m2", "Danke für die schnelle Hilfe 🎉", "praise", SettledBy.WORDS, 60.0, Side.TRAINING),
    LabelledText("m3", "NA", "1", SettledBy.IMPORTED, 3_600.0, None),
]
LINES = [
    (ROWS[0].text, "bug", "reviewers", "1970-01-01T00:00:00+00:00", "holdout", "m1"),
    (ROWS[1].text, "praise", "words", "1970-01-01T00:01:00+00:00", "training", "m2"),
    (ROWS[2].text, "1", "imported", "1970-01-01T01:00:00+00:00", None, "m3"),
]


def _csv(path: Path) -> list[tuple[str | None, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row[name] or None for name in COLUMNS) for row in csv.DictReader(file)]


def _jsonl(path: Path) -> list[tuple[str | None, ...]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "für" in lines[1]
    return [tuple(json.loads(line)[name] for name in COLUMNS) for line in lines]


def _folder(path: Path) -> list[tuple[str | None, ...]]:
    found = load_from_disk(str(path))
    names = found.features["label"].names
    return [tuple(names[row[name]] if name == "label" else row[name] for name in COLUMNS) for row in found]


@pytest.mark.parametrize(("name", "read"), [("a.csv", _csv), ("a.jsonl", _jsonl), ("a", _folder)])
def test_every_row_is_written_with_where_its_label_comes_from(
    tmp_path: Path, name: str, read: Callable[[Path], list[tuple[str | None, ...]]]
) -> None:
    told: list[int] = []

    assert write(ROWS, tmp_path / name, told.append) == 3
    assert read(tmp_path / name) == LINES
    assert told == [3]
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a"])
def test_what_is_written_can_be_read_in_again(tmp_path: Path, name: str) -> None:
    write(ROWS, tmp_path / name, lambda _: None)

    rows = list(open_source(str(tmp_path / name), Columns()).rows)

    assert [(row.text, row.label, row.message_id) for row in rows] == [
        (row.text, row.label, row.message_id) for row in ROWS
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a"])
def test_where_nothing_is_settled_the_columns_are_there(tmp_path: Path, name: str) -> None:
    assert write([], tmp_path / name, lambda _: None) == 0
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a"])
def test_an_export_takes_the_place_of_another_only_where_that_is_wished(tmp_path: Path, name: str) -> None:
    write(ROWS, tmp_path / name, lambda _: None)
    with pytest.raises(UnusableTargetError, match="--overwrite"):
        check_target(tmp_path / name, is_replacing=False)

    check_target(tmp_path / name, is_replacing=True)
    write(ROWS[:1], tmp_path / name, lambda _: None)

    assert len(list(open_source(str(tmp_path / name), Columns()).rows)) == 1
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("kept", "no folder that an export wrote"),
        ("a.parquet", "must end in"),
        ("absent/a.csv", "there is no folder"),
        ("folder.csv", "is a folder"),
    ],
)
def test_what_can_not_be_written_is_said_before_anything_is_read(
    tmp_path: Path, name: str, fault: str
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "diary.txt").write_text("dear diary", encoding="utf-8")
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(UnusableTargetError, match=fault):
        check_target(tmp_path / name, is_replacing=True)
    assert (tmp_path / "kept" / "diary.txt").exists()
