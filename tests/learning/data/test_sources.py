from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from learning.data.sources import Columns, SourceRow, UnusableSourceError, open_source


def read(source: Path | str, *, split: str | None = None, **columns: str) -> list[SourceRow]:
    return list(open_source(str(source), Columns(**columns), split).rows)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(rows: list[SourceRow]) -> list[tuple[object, object]]:
    return [(row.text, row.label) for row in rows]


def test_rows_of_a_csv_file_know_the_line_on_which_they_begin(tmp_path: Path) -> None:
    content = '\ufefftext,label\r\n"two\r\nlines",bug\r\n\r\nplain,billing\r\n'

    rows = read(written(tmp_path / "a.csv", content))

    assert [(row.number, row.line) for row in rows] == [(1, 2), (2, 5)]
    assert cells(rows) == [("two\r\nlines", "bug"), ("plain", "billing")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheets_own_separator_is_understood(tmp_path: Path, delimiter: str) -> None:
    lines = [delimiter.join(row) for row in (["id", "label", "text"], ["1", "bug", "it crashes"])]

    assert cells(read(written(tmp_path / "a.csv", "\n".join(lines)))) == [("it crashes", "bug")]


def test_a_wrong_row_of_a_csv_file_stops_no_other(tmp_path: Path) -> None:
    long = "x" * 200_000
    content = f"text,label\nHello, you,bug\n{long},bug\nonly text\nfine,bug\n"

    rows = read(written(tmp_path / "a.csv", content))

    assert [bool(row.fault) for row in rows] == [True, True, False, False]
    assert "needs quotes" in rows[0].fault
    assert cells(rows)[2:] == [("only text", None), ("fine", "bug")]


def test_what_is_not_utf_8_concerns_its_own_row(tmp_path: Path) -> None:
    rows = read(written(tmp_path / "a.csv", b"text,label\ncaf\xe9,bug\nfine,bug\n"))

    assert cells(rows) == [("caf\udce9", "bug"), ("fine", "bug")]


def test_rows_of_a_jsonl_file_may_leave_a_column_out_or_be_no_rows_at_all(tmp_path: Path) -> None:
    content = '{"text": "a"}\n\nnot json\n[1]\n{"text": "b", "label": "bug"}\n'

    rows = read(written(tmp_path / "a.jsonl", content))

    assert [(row.number, row.line, row.fault) for row in rows] == [
        (1, 1, ""),
        (2, 3, "not a JSON object"),
        (3, 4, "not a JSON object"),
        (4, 5, ""),
    ]
    assert cells(rows)[::3] == [("a", None), ("b", "bug")]


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", json.dumps({"utterance": "hi", "intent": "greeting"}))

    assert cells(read(file, text="utterance", label="intent")) == [("hi", "greeting")]
    with pytest.raises(UnusableSourceError, match=r"--label .* Its columns: 'utterance', 'intent'"):
        read(file, text="utterance")


def saved(path: Path) -> Path:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["bug", "billing"])})
    rows = {"text": ["a", "b", "c"], "label": [1, 0, -1]}
    Dataset.from_dict(rows, features=features).save_to_disk(str(path))
    return path


def test_the_numbers_of_classes_become_their_names(tmp_path: Path) -> None:
    source = open_source(str(saved(tmp_path / "saved")), Columns())

    assert source.total == 3
    assert cells(list(source.rows)) == [("a", "billing"), ("b", "bug"), ("c", None)]


def test_a_data_set_with_several_splits_asks_which(tmp_path: Path) -> None:
    rows: dict[str, Any] = {"text": ["a"], "label": ["bug"]}
    parts = {"train": Dataset.from_dict(rows), "test": Dataset.from_dict({**rows, "text": ["b"]})}
    DatasetDict(parts).save_to_disk(str(tmp_path / "both"))
    DatasetDict(train=parts["train"]).save_to_disk(str(tmp_path / "one"))

    assert cells(read(tmp_path / "both", split="test")) == [("b", "bug")]
    assert cells(read(tmp_path / "one")) == [("a", "bug")]
    with pytest.raises(UnusableSourceError, match="--split: train, test"):
        read(tmp_path / "both")
    with pytest.raises(UnusableSourceError, match="has no splits"):
        read(saved(tmp_path / "saved"), split="test")


def test_a_folder_of_files_is_read_as_the_hub_has_them(tmp_path: Path) -> None:
    written(tmp_path / "train.jsonl", '{"text": "a", "label": "bug"}\n')

    assert cells(read(tmp_path)) == [("a", "bug")]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("absent.csv", "can't be read: No such file"),
        ("absent", "owner/name"),
        ("owner/absent", "HF_HUB_OFFLINE is set"),
    ],
)
def test_what_is_nowhere_is_said_to_be(name: str, fault: str) -> None:
    with pytest.raises(UnusableSourceError, match=fault):
        read(name)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [("a.txt", "hello", "neither in .csv nor"), ("a.csv", "", "Its columns: none"), ("a.jsonl", "", "none")],
)
def test_what_is_something_else_is_said_to_be(tmp_path: Path, name: str, content: str, fault: str) -> None:
    with pytest.raises(UnusableSourceError, match=fault):
        read(written(tmp_path / name, content))


def test_a_folder_that_is_damaged_is_unusable_and_quotes_nothing(tmp_path: Path) -> None:
    folder = saved(tmp_path / "saved")
    for file in folder.glob("*.arrow"):
        file.write_bytes(b"secret")

    with pytest.raises(UnusableSourceError) as told:
        read(folder)
    assert "secret" not in str(told.value)


def test_a_folder_of_files_that_begins_with_damage_is_unusable_and_quotes_nothing(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", '{"text": "salary", "label": ')

    with pytest.raises(UnusableSourceError, match="can't be read") as unusable:
        read(tmp_path)
    assert "salary" not in str(unusable.value)
