"""DialogSum's dialogues and the summaries that people wrote of them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring.data import BESIDE, VARIABLE
from learning.writing.thread import Utterance


class MissingDialoguesError(LookupError):
    """DialogSum is not where benchmarks look for it, or has another form."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path.name} {reason} in {path.parent}. Get DialogSum (CC BY-NC-SA 4.0) as knkarthick/dialogsum from the "
            "Hugging Face hub and write its test split as dialogsum_test.jsonl and 600 rows of its training split as "
            'dialogsum_train_small.jsonl, one object a line: {"dialogue": "#Person1#: Hi.\\n#Person2#: …", '
            f'"summaries": ["…"]}}. Put both into that folder, or name another one in {VARIABLE}.'
        )
        self.path = path


@dataclass(frozen=True)
class Dialogue:
    """What two people said, and one or more summaries of it."""

    utterances: list[Utterance]
    summaries: list[str]

    @property
    def turns(self) -> list[str]:
        """Each with the name of who spoke."""
        return [f"{one.speaker}: {one.text}" for one in self.utterances]


def dialogues(file: str) -> list[Dialogue]:
    """The dialogues of one file. Raises MissingDialoguesError."""
    path = Path(os.environ.get(VARIABLE) or BESIDE) / file
    try:
        with path.open(encoding="utf-8") as lines:
            return [_dialogue(json.loads(line)) for line in lines]
    except OSError as error:
        raise MissingDialoguesError(path, "is not there to be read") from error
    except (KeyError, TypeError, ValueError) as error:
        raise MissingDialoguesError(path, "holds something else than dialogues and summaries") from error


def _dialogue(row: dict[str, object]) -> Dialogue:
    turns = [line.partition(": ") for line in str(row["dialogue"]).split("\n") if line.strip()]
    said = [
        Utterance(str(number), speaker, text) if text else Utterance(str(number), "somebody", speaker)
        for number, (speaker, _, text) in enumerate(turns)
    ]
    summaries = row["summaries"]
    if not isinstance(summaries, list) or not summaries:
        raise ValueError("no summaries")
    return Dialogue(said, [str(one) for one in summaries])
