"""`corrigible replay`: write a file's rows into the local workspace as a person would, and correct as one."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.context.settings import Settings
from bot.demo.throwaway import ThrowawayError, throwaway_bot
from bot.slack.mrkdwn import as_name, as_plain_name
from learning.data.formulas import restored
from learning.data.sources import MESSAGE_ID
from learning.text.linear import DIGIT, Pattern
from local.slack.person import Person, PersonError
from local.slack.setup.seed import BOT_USER_ID, CHANNELS, PEOPLE

WINDOW = 200
ANSWER = Pattern(rf"(?s)\A(?P<label>.*), [{DIGIT}]+% sure\z")


class ReplayError(ValueError):
    """The file can't be replayed, or the workspace does not play along; the message says why."""


@dataclass(frozen=True)
class ReplayRow:
    """One message, and the label that is right for it where the file says so."""

    text: str
    label: str | None


@dataclass
class Score:
    """For each message in turn: was the bot right?"""

    right: list[bool] = field(default_factory=list)

    def first(self) -> float:
        """Share of right answers among the first WINDOW."""
        return _share(self.right[:WINDOW])

    def last(self) -> float:
        """Share of right answers among the last WINDOW."""
        return _share(self.right[-WINDOW:])


def read_rows(file: Path, is_labelled: bool) -> list[ReplayRow]:
    """The rows of a CSV or JSONL file. Raises ReplayError, which names the line that is wrong."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            read = _table(lines) if file.suffix.lower() == ".csv" else map(_object, lines)
            rows = [_row(number, row, is_labelled) for number, row in enumerate(read, 1)]
    except OSError as error:
        raise ReplayError(f"{file} can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReplayError(f"{file} is neither CSV nor JSONL in UTF-8: {error}") from error
    if not rows:
        raise ReplayError(f"{file} holds no rows")
    return rows


def _table(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(lines):
        is_export = MESSAGE_ID in row
        yield {
            key: restored(cell) if is_export and isinstance(cell, str) else cell for key, cell in row.items()
        }


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _row(number: int, row: Any, is_labelled: bool) -> ReplayRow:
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ReplayError(f"row {number}: no text; give each row a column `text`")
    label = row.get("label")
    if is_labelled and not (isinstance(label, str) and label.strip()):
        raise ReplayError(f"row {number}: no label; --correct needs a column `label`")
    return ReplayRow(row["text"], label if isinstance(label, str) else None)


def find(settings: Settings) -> str | None:
    """The address of the local workspace that runs here, None where none does."""
    address = f"http://127.0.0.1:{settings.local_port}/"
    try:
        state = httpx.get(f"{address}page/state", params={"user": PEOPLE["ana"]}, timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return None
    return address if state.get("bot", {}).get("connected") else None


def replay(rows: list[ReplayRow], address: str | None, is_correcting: bool, console: Console) -> Score:
    """Write the rows, one after the other, into #support; correct them where asked to; print how it went."""
    names = sorted({row.label for row in rows if row.label})
    score = Score()
    try:
        with nullcontext(address) if address else throwaway_bot(names, console) as where:
            _play_all(where, rows, is_correcting, score, console)
    except ThrowawayError as error:
        raise ReplayError(str(error)) from error
    except (PersonError, httpx.HTTPError) as error:
        raise ReplayError(f"the workspace does not play along: {error}") from error
    _report(score, console)
    return score


def _play_all(
    address: str, rows: list[ReplayRow], is_correcting: bool, score: Score, console: Console
) -> None:
    with Person(address, PEOPLE["ana"]) as person, _progress(console, len(rows)) as tell:
        person.command(CHANNELS["support"], "/corrigible", "on reply")
        for row in rows:
            _play(person, row, is_correcting, score)
            tell(_running(score))


def _play(person: Person, row: ReplayRow, is_correcting: bool, score: Score) -> None:
    # A mention, which is answered also if the message says nothing, or no label fits it.
    ts = person.write(CHANNELS["support"], f"<@{BOT_USER_ID}> {row.text}")
    card = person.wait_for_reply(CHANNELS["support"], ts)
    if row.label is None or len(card["blocks"]) == 1:  # it has no words
        return
    said = ANSWER.search(card["text"])
    is_right = said is not None and said["label"].lower() == as_name(row.label).lower()
    score.right.append(is_right)
    if is_correcting:
        person.press(card, "right") if is_right else _correct(person, card, row.label)


def _correct(person: Person, card: dict[str, Any], label: str) -> None:
    view = person.open_view(card, "change")
    options = person.search(view, "label", label)
    chosen = [option for option in options if option["text"]["text"].lower() == as_plain_name(label).lower()]
    if chosen:
        state = {"label": {"label": {"type": "external_select", "selected_option": chosen[0]}}}
    else:
        state = {"proposal": {"proposal": {"type": "plain_text_input", "value": label}}}
    person.submit(view, state)


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    columns = TextColumn("Replaying"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[running]}")
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("Replaying", total=total, running="")
        yield lambda running: progress.update(task, advance=1, running=running)


def _running(score: Score) -> str:
    return f"right in {_share(score.right):.1%}, last {WINDOW}: {score.last():.1%}" if score.right else ""


def _report(score: Score, console: Console) -> None:
    if not score.right:
        console.print("Replayed. The file has no labels to compare the answers with.")
        return
    console.print(f"Right in {_share(score.right):.1%} of {len(score.right)} messages.")
    console.print(f"First {WINDOW}: {score.first():.1%}. Last {WINDOW}: {score.last():.1%}.")


def _share(right: list[bool]) -> float:
    return sum(right) / len(right) if right else 0.0
