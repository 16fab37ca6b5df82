"""Labelled data as a file or a folder that people who train models know how to read."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from learning.data.formulas import neutral
from storage.reports.exports import LabelledText

Cells = dict[str, str | None]

AT_ONCE = 5_000
COLUMNS = ("text", "label", "source", "labelled_at", "split", "message_id")


class UnusableTargetError(ValueError):
    """Nothing can be written there; the message says why."""


def check_target(path: Path, is_replacing: bool) -> None:
    """Raise UnusableTargetError where nothing can be written to `path`, or it would take the place of something."""
    if _is_file(path) and path.is_dir():
        raise UnusableTargetError(f"{path} is a folder; give another name")
    if not _is_file(path) and path.suffix and not path.is_dir():
        raise UnusableTargetError(
            f"{path} must end in .csv or .jsonl, or be a folder, whose name ends in nothing"
        )
    if not path.parent.is_dir():
        raise UnusableTargetError(f"there is no folder {path.parent}")
    if not path.exists():
        return
    if not is_replacing:
        raise UnusableTargetError(f"{path} is there already; give another name, or --overwrite")
    if not _is_file(path) and not (path / "state.json").is_file():
        raise UnusableTargetError(f"{path} is no folder that an export wrote, so it is not overwritten")


def write(rows: Iterable[LabelledText], path: Path, told: Callable[[int], None]) -> int:
    """Write rows to `path` by its suffix: .csv, .jsonl, or a folder as `Dataset.save_to_disk` writes it; how many.

    `told` hears how many were read so far. In CSV no cell is a formula. What stood there is replaced once everything
    is written. In memory all texts once, as Arrow keeps them. Raises UnusableTargetError.
    """
    suffix = path.suffix.lower()
    found = _dataset(map(_neutral if suffix == ".csv" else _cells, rows), told)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _save(found, beside, suffix)
        _put(beside, path)
    except OSError as error:
        raise UnusableTargetError(f"{path} can't be written: {error.strerror}") from error
    finally:
        _remove(beside)
    return len(found)


def _is_file(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".jsonl")


def _dataset(cells: Iterable[Cells], told: Callable[[int], None]) -> Any:
    from datasets import Dataset, Features, Value, concatenate_datasets

    features = Features({name: Value("string") for name in COLUMNS})
    cells = iter(cells)
    parts = [Dataset.from_dict({name: [] for name in COLUMNS}, features=features)]
    while some := list(islice(cells, AT_ONCE)):
        parts.append(Dataset.from_list(some, features=features))
        told(sum(map(len, parts)))
    return concatenate_datasets(parts)


def _cells(row: LabelledText) -> Cells:
    at = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds")
    side = row.side.value if row.side else None
    return dict(zip(COLUMNS, (row.text, row.label, row.source.value, at, side, row.message_id), strict=True))


def _neutral(row: LabelledText) -> Cells:
    return {name: cell if cell is None else neutral(cell) for name, cell in _cells(row).items()}


def _save(found: Any, path: Path, suffix: str) -> None:
    from datasets import ClassLabel
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    if suffix == ".csv":
        # All cells in quotes: by itself it leaves a lone carriage return without, at which a row would end.
        found.to_csv(str(path), index=False, quoting=csv.QUOTE_ALL)
    elif suffix == ".jsonl":
        found.to_json(str(path), force_ascii=False)
    else:
        names = sorted(set(found["label"]))
        found.cast_column("label", ClassLabel(names=names)).save_to_disk(str(path))


def _put(made: Path, path: Path) -> None:
    if path.is_dir():
        _remove(path)
    made.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
