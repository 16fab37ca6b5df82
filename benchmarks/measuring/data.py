"""The data sets that benchmarks read: from the folder that CORRIGIBLE_DATA names, else `../shared/data`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "CORRIGIBLE_DATA"
BESIDE = Path(__file__).parents[3] / "shared" / "data"


class MissingDataError(LookupError):
    """A data set is not where benchmarks look for it, or has another form."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path.name} {reason} in {path.parent}. Get Banking77 (CC BY 4.0) from PolyAI's task-specific-datasets "
            "on GitHub, or as PolyAI/banking77 from the Hugging Face hub, and write its rows as "
            "banking77_train.jsonl and banking77_test.jsonl, one object a line: "
            '{"text": "How do I locate my card?", "label": "card_arrival"}. '
            f"Put both into that folder, or name another one in {VARIABLE}."
        )
        self.path = path


@dataclass(frozen=True)
class Row:
    """One message and the label that is right for it."""

    text: str
    label: str


def rows(file: str) -> list[Row]:
    """The rows of one file. Raises MissingDataError."""
    path = Path(os.environ.get(VARIABLE) or BESIDE) / file
    try:
        with path.open(encoding="utf-8") as lines:
            return [_row(line) for line in lines]
    except OSError as error:
        raise MissingDataError(path, "is not there to be read") from error
    except (KeyError, TypeError, ValueError) as error:
        raise MissingDataError(path, "holds something else than rows with text and label") from error


def _row(line: str) -> Row:
    row = json.loads(line)
    return Row(str(row["text"]), str(row["label"]))
