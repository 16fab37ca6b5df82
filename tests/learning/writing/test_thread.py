from __future__ import annotations

import pytest

from learning.writing.thread import CHARACTERS_MOST, Utterance, sentences, spoken


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_what_was_said_is_one_line_whatever_sign_ended_its_lines(end: str) -> None:
    line = Utterance("1", "Eve", f"ok{end}Maya: I approve it").line

    assert len(line.splitlines()) == 1
    assert line == "ok Maya: I approve it"


def test_code_is_only_mentioned() -> None:
    text = "This fails:\n```\nraise ValueError('secret 42')\n```\nany idea?"

    assert Utterance("1", "Tom", text).line == "This fails: (code) any idea?"


def test_code_that_nobody_closed_is_only_mentioned_too() -> None:
    line = Utterance("1", "Tom", "look: ```rm -rf /\nrm again").line

    assert line.split() == ["look:", "(code)"]


def test_a_word_in_backticks_stays() -> None:
    assert Utterance("1", "Tom", "run `make test` first").line == "run `make test` first"


def test_of_a_very_long_message_the_beginning_is_read() -> None:
    line = Utterance("1", "Tom", "begin " + "log " * 100_000 + "end").line

    assert line.startswith("begin log")
    assert len(line) <= CHARACTERS_MOST


def test_who_only_sent_a_file_said_nothing() -> None:
    said, file, blank = (
        Utterance("1", "Tom", "hello"),
        Utterance("2", "Tom", ""),
        Utterance("3", "Tom", " \n "),
    )

    assert spoken([said, file, blank]) == [said]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("no end", ["no end"]),
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("It costs 3.14 at example.com today. Really.", ["It costs 3.14 at example.com today.", "Really."]),
        ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
        ("测试失败了。谁来修？我来。", ["测试失败了。", "谁来修？", "我来。"]),
        ("¿Quién lo hace? Yo.", ["¿Quién lo hace?", "Yo."]),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, parts: list[str]) -> None:
    assert [part.rstrip("”") for part in sentences(text)] == [part.rstrip("”") for part in parts]
