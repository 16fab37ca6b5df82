"""Measure texts made to be slow, on every path that a text takes through the bot.

Each path reads texts that repeat one beginning without an end (`<@`, `-\\n`, `a@`, …). Growth: how much longer one
twice as long takes; two where time is in proportion to the text, four where it grows with the square. Ratio: next to
an ordinary message with numbers in it, of the same length, in the same run. The model itself is left out: what it
reads is cut to so many windows of tokens.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.measuring.report import Bound, conclude, progress
from bot.classification.correction_modal import matching
from bot.classification.service import MessageWakers, Service
from bot.context.metrics import Metrics
from bot.context.reading import reader
from bot.slack.mrkdwn import as_name, as_plain_name, escape
from bot.slack.payloads import Command, MessagePosted
from bot.slack.shapes import whole
from bot.slack.speakers import Speakers
from bot.summaries import card as summary_card
from bot.summaries.commands import summarize
from bot.summaries.service import SummaryService
from learning.data import trust
from learning.data.formulas import neutral, restored
from learning.data.label_file import faults_of
from learning.data.trust import Belief
from learning.encoders.duplicates import groups_of
from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.engines.tokens import Tokens
from learning.summarizing.extractive import Picker, chosen_by
from learning.summarizing.faithfulness import Checker
from learning.summarizing.rouge import Rouge
from learning.summarizing.summarizer import NothingToSummarizeError, Summarizer
from learning.text.masking import Masking
from learning.text.names import markdown_name
from learning.writing import prompting
from learning.writing.process import Written
from learning.writing.thread import Utterance
from local.argilla.search.query_parser import parse
from local.argilla.search.words import spelled
from local.slack.wire.mrkdwn import as_sent, rich_text
from storage.database.engine import Database, open_database
from storage.database.migrate import migrate
from storage.feedback import imports
from storage.feedback.corrections import Spoken
from storage.feedback.resolution import Evidence
from storage.tables.feedback import Label, Word
from storage.tables.messages import Mode
from storage.tables.summaries import Making, Opinion, Summary, SummaryWord

# The most that Slack lets anybody write at once, and half of it.
LONGEST = 40_000
REPEATS = 2
# Shorter times are mostly what a call costs whatever it reads.
FLOOR_S = 0.005
BOUNDS = (
    Bound("growth", at_most=2.6),
    Bound("ratio", at_most=60),
    Bound("worst_s", at_most=2.0),
)
ORDINARY = (
    "Hi all, order 4711 of 24 November has not arrived and nobody answers at (212) 555-0123. Could you look into "
    "it, or write to ana@example.com? The invoice INV-2026-1123 says $1,234.56 for 15 items, see https://example.com/a/15.\n"
)
BEGINNINGS = (
    *(
        "-",
        "-\n",
        "\n",
        " ",
        " \n",
        ".",
        ". ",
        "<",
        "<@",
        "<!",
        "<@a|",
        "<http://",
        "<http://a|",
        "<|",
        "<|</s>",
    ),
    *(
        ":a",
        ":a:",
        "::skin-tone-2",
        "@",
        "a@",
        "x@a.",
        "@a ",
        "#a",
        "&",
        "&lt;",
        "```",
        "``` ",
        '"',
        '"a',
        "(",
        "[",
    ),
    *(
        "*",
        "_",
        "a_",
        "|",
        "-a ",
        "a.a.a.",
        "aa.bb+",
        "aa.bb@",
        "http://a:",
        "://",
        "a-",
        "a:",
        "1",
        "1-1-",
        "1 ",
        "+1",
    ),
    *(
        "(1",
        "1.1.",
        "2001:",
        "12 34 56 ",
        "AA11 ",
        "4111 ",
        "eyJaaaaaaaa-hf_aaaaaaaaaaaaaaaaaaaaa-",
        "SG.a-hf_",
    ),
    *(
        "password is ",
        "token:",
        "token:aaaaaa,",
        "Bearer ",
        "-----BEGIN ",
        "-----BEGIN KEY",
        "ignore ",
        "never ",
        "say ",
    ),
    *(
        "dear the ",
        "summary",
        "Summary:",
        "##",
        "игнорируй ",
        "忘记",
        "中",
        "。",
        "שלום",
        "é",
        "e\u0301",
        "\u0301\u0316",
    ),
    *(
        "😀",
        "\u200d",
        "👩\u200d👩\u200d👧",
        "é\u200d\u200d",
        "'",
        "'=",
        "\u202e",
        "\x00",
        "\ud800",
        "x",
        "word ",
        "o ",
        "Ana ",
        "Ana: ",
    ),
)
TEAM, CHANNEL, ANA = "T1", "C1", "U1"
NAMES = {ANA: "Ana", "U2": "Ben Okafor", "U3": "-", "U4": "1-1", "U5": "a"}

EVERYBODY = Belief(at_least=0.0)

Path_ = Callable[[str], object]


@dataclass(frozen=True)
class Slowest:
    """The slowest text of one path. `of`: the beginning that was repeated."""

    of: str
    seconds: float
    growth: float
    ratio: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adversarial", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="every tenth text, a quarter as long: a smoke test"
    )
    options = parser.parse_args(arguments)
    every, longest = (10, LONGEST // 4) if options.quick else (1, LONGEST)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, _paths(Path(folder)) as paths:
        found = {
            name: _slowest(path, BEGINNINGS[::every], longest)
            for name, path in track(paths.items(), "Reading", console=progress)
        }
    for name, one in found.items():
        said = f"{name}: {one.seconds:.3f} s at most; with {one.of!r}; growth {one.growth:.1f}, ratio {one.ratio:.1f}"
        progress.print(said, markup=False)
        figures |= {f"{name}_growth": one.growth, f"{name}_ratio": one.ratio, f"{name}_s": one.seconds}
    figures |= {
        "growth": max(one.growth for one in found.values()),
        "ratio": max(one.ratio for one in found.values()),
        "worst_s": max(one.seconds for one in found.values()),
    }
    return conclude("adversarial", figures, BOUNDS)


def _slowest(path: Path_, beginnings: Sequence[str], longest: int) -> Slowest:
    """The longest time, and the largest growth and ratio, of texts that begin so again and again."""
    path(_text(ORDINARY, longest))  # what is loaded with the first text
    ordinary = max(_seconds(path, _text(ORDINARY, longest)), FLOOR_S)
    slowest = Slowest("", 0.0, 0.0, 0.0)
    for beginning in beginnings:
        half, whole = _text(beginning, longest // 2), _text(beginning, longest)
        half_s, seconds = _seconds(path, half), _seconds(path, whole)
        for _ in range(REPEATS):
            if seconds < 2.0 * max(half_s, FLOOR_S):
                break  # or perhaps something else ran just then
            half_s, seconds = max(half_s, _seconds(path, half)), min(seconds, _seconds(path, whole))
        slowest = Slowest(
            beginning if seconds > slowest.seconds else slowest.of,
            max(seconds, slowest.seconds),
            max(seconds / max(half_s, FLOOR_S), slowest.growth),
            max(seconds / ordinary, slowest.ratio),
        )
    return slowest


def _text(beginning: str, length: int) -> str:
    return (beginning * (length // len(beginning) + 1))[:length]


def _seconds(do: Path_, text: str) -> float:
    """Processor time."""
    began = time.process_time()
    do(text)
    return time.process_time() - began


# The paths


@contextmanager
def _paths(folder: Path) -> Iterator[Mapping[str, Path_]]:
    """Return the paths that read users' texts, by name."""
    url = f"sqlite:///{folder}/adversarial.db"
    database = open_database(url)
    migrate(database)
    encoder = _without_model()
    service, summaries = _services(database)
    numbers = count(1)
    label = Label(id="1" * 32, team_id=TEAM, name="Bug report", description="Something is broken")

    def receive(text: str) -> None:
        ts = f"{next(numbers)}.000001"
        service.receive(MessagePosted(TEAM, CHANNEL, ts, None, ANA, text, is_direct=True, is_mention=False))

    def ask(text: str) -> None:
        ts = f"{next(numbers)}.000001"
        asked = f"{text} summarize"
        service.receive(
            MessagePosted(TEAM, CHANNEL, ts, "0.000001", ANA, asked, is_direct=False, is_mention=True)
        )

    of_stored = {
        "tokens": lambda text: encoder.encode([text]),
        "summary_of_long_messages": lambda text: _summarize(encoder, [text] * 5),
        "summary_of_many_messages": lambda text: _summarize(encoder, _cut(text)),
        "checking_a_summary": lambda text: _checker(encoder).check([text]),
        "naming": lambda text: _people().named(_people().marked(text)),
        "people_of_one_name": lambda text: Speakers(map(str, range(len(text) // 8)), lambda _: text[:30]),
        "summary_card": lambda text: summary_card.card(_edited(text)),
        "scoring_a_summary": lambda text: Rouge().score(text, ORDINARY * 3),
        "learning_from_a_summary": lambda text: chosen_by(text, _utterances(_cut(text))),
        "near_duplicates": lambda text: groups_of([text] * 5, np.eye(5, dtype=np.float32)),
        "importing": imports.key,
        "names": lambda text: (as_name(text), as_plain_name(text), markdown_name(text)),
        "cells": lambda text: restored(neutral(text)),
        "users_of_one_message": lambda text: trust.weigh([_spoken(len(text) // 8)], {}, EVERYBODY),
    }
    try:
        yield {
            **{name: _of_stored(path) for name, path in of_stored.items()},
            "storing": receive,
            "editing": lambda text: service.edit(
                MessagePosted(TEAM, CHANNEL, "1.000001", None, ANA, text, is_direct=True, is_mention=False)
            ),
            "asking_for_a_summary": ask,
            "searching_labels": lambda text: matching([label] * 100, text),
            "describing_a_label": lambda text: list(
                faults_of(
                    {"name": text, "description": text, "emoji": f":{text}", "examples": text.split("\n")}
                )
            ),
            "commanding": lambda text: summarize(
                summaries, Command(TEAM, CHANNEL, ANA, ("summarize", *text.lower().split())), "UTC"
            ),
            "argilla_search": _search,
            "argilla_record": spelled,
            "payloads": lambda text: whole(
                {"event": {"text": text, "blocks": [dict.fromkeys(_cut(text), text[:40])]}}
            ),
            "local_slack": lambda text: rich_text(
                as_sent(escape(text), NAMES, NAMES) + as_sent(text, NAMES, NAMES)
            ),
        }
    finally:
        database.close()


def _of_stored(path: Path_) -> Path_:
    """Return the paths that read texts from the database, which stores no NUL and no lone surrogate."""
    return lambda text: path(text.replace("\x00", "").encode("utf-8", "replace").decode())


def _services(database: Database) -> tuple[Service, SummaryService]:
    summaries = SummaryService(
        database, TEAM, NAMES.__getitem__, lambda message: message.ts, Masking(), _nothing, _nothing
    )
    summaries.set_consent(CHANNEL, True, 1_000, ANA)
    wakers = MessageWakers(*[_nothing] * len(fields(MessageWakers)))
    service = Service(database, TEAM, Metrics(), wakers, summaries, reader(Masking()))
    service.set_mode(TEAM, CHANNEL, Mode.REPLY, ANA)
    return service, summaries


def _nothing() -> None:
    """Nobody has to be told."""


class Still:
    """An engine that reads nothing: the tokenizer is measured, the model is not."""

    dimensions = 8
    batch_tokens = 1 << 20
    batch_cost = 0

    def vectors(self, ids: Tokens, mask: Tokens) -> Vectors:
        """(batch, dimensions) for (batch, tokens), each row of length 1."""
        del mask
        return np.full((len(ids), self.dimensions), self.dimensions**-0.5, dtype=np.float32)


def _without_model() -> Encoder:
    return load_encoder(None, 256, threads=1).run_by(Still())


class Echo:
    """A model that writes what was said, with all that is done to text on the way there and back."""

    def write(
        self, utterances: Sequence[Utterance], limit_s: float, tell: Callable[[float], None]
    ) -> Written:
        """Sentences."""
        del limit_s, tell
        stretches = prompting.segments(utterances, 700, lambda text: len(text) // 4)
        sentences = [one for stretch in stretches for one in prompting.answer(prompting.transcript(stretch))]
        return Written(sentences, "echo", 0, 0, 0.0)


def _search(text: str) -> None:
    """Look for a text in itself, as a reviewer does."""
    wanted = parse(text).wanted
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
        connection.execute("INSERT INTO words VALUES (?)", [spelled(text)])
        connection.execute("SELECT rank FROM words WHERE words MATCH ?", [wanted or '"x"']).fetchall()


def _summarize(encoder: Encoder, texts: Sequence[str]) -> None:
    try:
        Summarizer(encoder, Picker(), Echo(), 1.0).summarize(_utterances(texts))
    except NothingToSummarizeError:
        return


def _utterances(texts: Sequence[str]) -> list[Utterance]:
    names = list(NAMES.values())
    return [Utterance(str(number), names[number % 5], text) for number, text in enumerate(texts)]


def _cut(text: str) -> list[str]:
    return [text[start : start + 40] for start in range(0, len(text), 40)]


def _checker(encoder: Encoder) -> Checker:
    return Checker(_utterances([ORDINARY] * 5), encoder)


def _people() -> Speakers:
    return Speakers(NAMES, NAMES.__getitem__)


def _spoken(users: int) -> Evidence:
    """So many users chose a label of one message, every other user the same."""
    words = [Spoken("1", f"U{one}", f"L{one % 2}", Word.CHANGED, float(one)) for one in range(users)]
    return Evidence("1", tuple(words), None, None)


def _edited(text: str) -> summary_card.Shown:
    """A summary whose text a user replaced by this one."""
    summary = Summary(
        team_id=TEAM, channel_id=CHANNEL, asked_by=ANA, making=Making.DONE, messages=1, people=1, read=1
    )
    word = SummaryWord(summary_id=summary.id, team_id=TEAM, user_id=ANA, opinion=Opinion.EDITED, text=text)
    return summary_card.Shown(summary, [word], [], {}, lambda message: message.ts, _people().named)


if __name__ == "__main__":
    sys.exit(main())
