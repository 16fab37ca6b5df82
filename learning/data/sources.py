"""Where labelled data comes from: a CSV or JSONL file, a folder of `datasets`, or the Hugging Face hub."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from learning.data.formulas import restored
from learning.model_files.hub import first_line

MESSAGE_ID = "message_id"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
DELIMITERS = ",;\t"
# In JSON a row may leave out a column: it is looked for in so many.
FIRST = 1_000


class UnusableSourceError(ValueError):
    """Nothing can be read there; the message says why."""


@dataclass(frozen=True)
class Columns:
    """The columns that hold the text and its label."""

    text: str = "text"
    label: str = "label"


@dataclass(frozen=True)
class SourceRow:
    """A row as it was found: `number` counts rows from 1, `line` is where a file's row begins, None elsewhere.

    `fault` says why its cells can't be told apart; `message_id` is the message that it was exported from.
    """

    number: int
    line: int | None
    text: object = None
    label: object = None
    message_id: str | None = None
    fault: str = ""


@dataclass(frozen=True)
class LabelledData:
    """Rows, read as they are asked for; `total` is None where their number is not known before."""

    rows: Iterator[SourceRow]
    total: int | None = None


def open_source(name: str, columns: Columns, split: str | None = None) -> LabelledData:
    """What is called `name`: the path of a file or folder, or where there is none, `owner/name` on the hub.

    The network is used for the hub alone. Raises UnusableSourceError, also while rows are read.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return _of_dataset(_folder(path), columns, split, name)
    if path.exists() or path.suffix.lower() in (".csv", ".jsonl"):
        if split:
            raise UnusableSourceError(f"{name} is one file, which has no splits; leave --split out")
        return LabelledData(_of_file(path, columns))
    if not HUB_NAME.fullmatch(name):
        raise UnusableSourceError(
            f"There is no {name!r} here. Give a .csv or .jsonl file, a folder that `datasets` saved, or the name of a "
            "data set on the Hugging Face hub, which is owner/name."
        )
    return _of_dataset(_from_hub(name), columns, split, name)


# Files: read line by line, so that a row that is wrong stops no other, and is found by its line.


def _of_file(path: Path, columns: Columns) -> Iterator[SourceRow]:
    readers = {".csv": _of_csv, ".jsonl": _of_jsonl}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnusableSourceError(f"{path} ends neither in .csv nor in .jsonl")
    try:
        # What is not UTF-8 becomes a surrogate, which is found in the row that holds it.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            yield from reader(lines, columns, path.name)
    except OSError as error:
        raise UnusableSourceError(f"{path} can't be read: {error.strerror}") from error


def _of_csv(lines: Iterator[str], columns: Columns, where: str) -> Iterator[SourceRow]:
    first = next(lines, "")
    reader = csv.reader(chain([first], lines), delimiter=max(DELIMITERS, key=first.count))
    header = next(reader, [])
    _check(header, columns, where)
    read = restored if MESSAGE_ID in header else str  # an export of ours, whose formulas are neutral
    number = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            number += 1
            yield SourceRow(number, line, fault="not CSV: a quote is not closed, or a cell is too long")
            continue
        if cells is None:
            return
        if not cells:
            continue  # an empty line
        number += 1
        if len(cells) > len(header):
            yield SourceRow(
                number, line, fault="more cells than the header: a text with the separator in it needs quotes"
            )
        else:
            yield _row(number, line, dict(zip(header, map(read, cells), strict=False)), columns)


def _of_jsonl(lines: Iterator[str], columns: Columns, where: str) -> Iterator[SourceRow]:
    objects = ((line, _object(content)) for line, content in enumerate(lines, 1) if content.strip())
    first = list(islice(objects, FIRST))
    known = dict.fromkeys(name for _, found in first if found for name in found)
    _check(list(known), columns, where)
    for number, (line, found) in enumerate(chain(first, objects), 1):
        if found is None:
            yield SourceRow(number, line, fault="not a JSON object")
        else:
            yield _row(number, line, found, columns)


def _object(content: str) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _row(number: int, line: int | None, cells: Mapping[str, Any], columns: Columns) -> SourceRow:
    origin = cells.get(MESSAGE_ID)
    message_id = origin if isinstance(origin, str) else None
    return SourceRow(number, line, cells.get(columns.text), cells.get(columns.label), message_id)


def _check(known: list[str], columns: Columns, where: str) -> None:
    for option, name in (("--text", columns.text), ("--label", columns.label)):
        if name not in known:
            told = ", ".join(repr(one) for one in known[:20]) or "none"
            raise UnusableSourceError(
                f"{where} has no column {name!r}; say with {option} which it is. Its columns: {told}."
            )


# What `datasets` reads


def _folder(path: Path) -> Any:
    """What `save_to_disk` wrote, or else a folder of files as the hub has them."""
    from datasets import load_dataset, load_from_disk

    is_saved = (path / "state.json").exists() or (path / "dataset_dict.json").exists()
    with _telling(f"{path} is no folder that `datasets` can read"):
        return load_from_disk(str(path)) if is_saved else load_dataset(str(path), streaming=True)


def _from_hub(name: str) -> Any:
    from datasets import config, load_dataset

    if config.HF_HUB_OFFLINE:
        raise UnusableSourceError(
            f"There is no {name!r} here, and HF_HUB_OFFLINE is set, so it is not looked for on the Hugging Face hub. "
            "Unset it, or give a file or folder."
        )
    with _telling(f"There is no {name!r} here, and it can't be had from the Hugging Face hub"):
        return load_dataset(name, streaming=True)


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """Whatever `datasets` and what it stands on raise, told in one line."""
    try:
        yield
    except Exception as error:
        raise UnusableSourceError(f"{what} ({first_line(error)})") from error


def _of_dataset(found: Any, columns: Columns, split: str | None, name: str) -> LabelledData:
    chosen = _split(found, split, name)
    known = _columns_of(chosen, name)
    _check(known, columns, name)
    wanted = [one for one in dict.fromkeys((columns.text, columns.label, MESSAGE_ID)) if one in known]
    total = len(chosen) if hasattr(chosen, "__len__") else None
    return LabelledData(_of_rows(chosen.select_columns(wanted).with_format(None), columns, name), total)


def _columns_of(chosen: Any, name: str) -> list[str]:
    try:
        return list(chosen.column_names or next(iter(chosen.take(1)), {}))
    except Exception as error:  # its message may quote what could not be read
        raise UnusableSourceError(f"{name} can't be read ({type(error).__name__}).") from error


def _split(found: Any, split: str | None, name: str) -> Any:
    from datasets import DatasetDict, IterableDatasetDict

    if not isinstance(found, DatasetDict | IterableDatasetDict):
        if split:
            raise UnusableSourceError(f"{name} has no splits; leave --split out")
        return found
    if split is None and len(found) == 1:
        [split] = found
    if split not in found:
        raise UnusableSourceError(f"{name} has these splits; say which with --split: {', '.join(found)}.")
    return found[split]


def _of_rows(chosen: Any, columns: Columns, name: str) -> Iterator[SourceRow]:
    names = getattr((chosen.features or {}).get(columns.label), "names", None)
    rows = iter(chosen)
    for number in range(1, 1 << 62):
        try:
            cells = next(rows, None)
        except Exception as error:  # its message may quote what could not be read
            raise UnusableSourceError(
                f"{name} can't be read after row {number - 1} ({type(error).__name__}). What came before is done."
            ) from error
        if cells is None:
            return
        if names is not None:
            cells = {**cells, columns.label: _named(cells[columns.label], names)}
        yield _row(number, None, cells, columns)


def _named(label: object, names: list[str]) -> object:
    """The name of a class by its number; -1 stands for none."""
    return names[label] if isinstance(label, int) and 0 <= label < len(names) else None
