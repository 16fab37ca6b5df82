"""labels.toml: the label set as a team writes it down."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from learning.text.linear import SPACE, Pattern, escape
from learning.text.names import visible
from storage.feedback.labels import LabelSpec
from storage.text.emoji import emoji_name

NAME_MOST = 60
TEXT_MOST = 1_000
BYTES_MOST = 1_000_000
FIELDS = {"name", "description", "emoji", "examples"}
HEADER = Pattern(rf"\A[{SPACE}]*\[\[[{SPACE}]*label[{SPACE}]*\]\]")
EMOJI = Pattern(r":[a-z0-9_'+-]+(?:::skin-tone-[2-6])?:")


class LabelFileError(ValueError):
    """labels.toml can't be used; the message lists every fault with its line."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for fault in faults))
        self.faults = faults


def read_label_file(path: Path) -> list[LabelSpec]:
    """The labels of a file of `[[label]]` tables with name, description, emoji and examples.

    Raises LabelFileError, which names line and field of everything that is wrong.
    """
    try:
        text = _text(path)
        content = tomllib.loads(text)
    except LabelFileError:
        raise
    except OSError as error:
        raise LabelFileError(
            path, [f"can't be read ({error.strerror}); write one or set LABELS_FILE"]
        ) from error
    except UnicodeDecodeError as error:
        raise LabelFileError(path, ["is not UTF-8 text"]) from error
    except (ValueError, RecursionError) as error:  # numbers that are too long, lists that are too deep
        raise LabelFileError(path, [f"not TOML: {error}"]) from error
    entries = content.get("label", [])
    faults = list(_faults(entries, content, _Lines(text)))
    if faults:
        raise LabelFileError(path, faults)
    return [_spec(entry) for entry in entries]


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise LabelFileError(path, ["can't be read (not a file); write one or set LABELS_FILE"])
    with path.open("rb") as file:
        content = file.read(BYTES_MOST + 1)
    if len(content) > BYTES_MOST:
        raise LabelFileError(path, [f"is larger than {BYTES_MOST:,} bytes; is this the file of labels?"])
    return content.decode("utf-8-sig")


class _Lines:
    """Where each `[[label]]` and its fields stand in the file, for error messages."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._headers = [number for number, line in enumerate(self._lines, 1) if HEADER.search(line)]

    def of(self, label: int, field: str = "") -> str:
        if label >= len(self._headers):
            return f"label {label + 1}"
        start = self._headers[label]
        end = self._headers[label + 1] if label + 1 < len(self._headers) else len(self._lines) + 1
        holds = Pattern(rf"""\A[{SPACE}]*["']?{escape(field)}["']?[{SPACE}]*=""")
        here = (number for number in range(start + 1, end) if holds.search(self._lines[number - 1]))
        return f"line {next(here, start) if field else start}"


def _faults(entries: Any, content: dict[str, Any], lines: _Lines) -> Iterator[str]:
    for unknown in sorted(set(content) - {"label"}):
        yield f"{unknown!r} is not known here; write [[label]] tables"
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield "write each label as a [[label]] table"
        return
    if len(entries) < 2:
        yield f"holds {len(entries)} label{'s' * (len(entries) != 1)}; a model needs two to choose from"
    seen: dict[str, str] = {}
    worn: dict[str, str] = {}
    for number, entry in enumerate(entries):
        yield from _entry_faults(entry, number, lines)
        yield from _emoji_clash(entry, worn, lines.of(number, "emoji"))
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        if name.casefold() in seen:
            yield f"{lines.of(number, 'name')}: name {name!r} stands already on {seen[name.casefold()]}"
        seen.setdefault(name.casefold(), lines.of(number, "name"))


def _emoji_clash(entry: dict[str, Any], worn: dict[str, str], line: str) -> Iterator[str]:
    """In quiet mode an emoji, by whichever of its names, must mean one label. `worn`: on which line each stands."""
    emoji = entry.get("emoji")
    if not isinstance(emoji, str) or not EMOJI.fullmatch(emoji):
        return
    if (name := emoji_name(emoji)) in worn:
        yield f"{line}: emoji {emoji!r} stands already on {worn[name]}; give each label an emoji of its own"
    worn.setdefault(name, line)


def _entry_faults(entry: dict[str, Any], number: int, lines: _Lines) -> Iterator[str]:
    for field, fault in faults_of(entry):
        yield f"{lines.of(number, field)}: {fault}"


def faults_of(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Field and fault of everything that is wrong with what somebody wrote down as a label."""
    for unknown in sorted(set(entry) - FIELDS):
        yield unknown, f"{unknown!r} is not a field; known are {', '.join(sorted(FIELDS))}"
    name = entry.get("name")
    if not isinstance(name, str) or not visible(name):
        yield "name", "name is missing; give the label a short name"
    elif len(name) > NAME_MOST or name != name.strip() or "\n" in name:
        yield "name", f"name must be one line of at most {NAME_MOST} characters, no spaces around"
    for field in ("description", "emoji"):
        value = entry.get(field, "")
        if not isinstance(value, str) or len(value) > TEXT_MOST:
            yield field, f"{field} must be text of at most {TEXT_MOST} characters"
    emoji = entry.get("emoji", "")
    if isinstance(emoji, str) and emoji and not EMOJI.fullmatch(emoji):
        yield "emoji", f"emoji must be a Slack code such as :bug:, not {emoji!r}"
    for field in sorted(FIELDS):
        value = entry.get(field)
        if any(
            "\x00" in one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)
        ):
            yield field, f"{field} holds a NUL character, which databases don't keep"
    examples = entry.get("examples", [])
    if not isinstance(examples, list) or not all(isinstance(one, str) and one.strip() for one in examples):
        yield "examples", "examples must be a list of texts"


def _spec(entry: dict[str, Any]) -> LabelSpec:
    return LabelSpec(
        name=entry["name"],
        description=entry.get("description", "").strip(),
        emoji=entry.get("emoji", ""),
        examples=tuple(entry.get("examples", ())),
    )
