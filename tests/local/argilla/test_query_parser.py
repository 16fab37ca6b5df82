"""What is typed becomes a query of FTS5 in which no sign of the typed text is syntax."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from local.argilla.query_parser import MOST, TERMS_MOST, Words, parse

ODD_SIGNS = "\"'()*-+^:{}|\\,\x00\ud800👍 "


@pytest.fixture
def words() -> Iterator[sqlite3.Connection]:
    """A full-text table as the index has one."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize='unicode61')")
        connection.execute("INSERT INTO words (text) VALUES ('the login page near the end')")
        yield connection


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("login", '("login")', None),
        ("login page", '("login") AND ("page")', None),
        ("  login\t\npage ", '("login") AND ("page")', None),
        ('"login page"', '("login page")', None),
        ('"login page', '("login page")', None),
        ('a"b c"d', '("a") AND ("b c") AND ("d")', None),
        ("log*", '("log*" *)', None),
        ('"log*"', '("log*")', None),
        ("-page", None, '("page")'),
        ("login -page -end", '("login")', '("page" OR "end")'),
        ('-"login page"', None, '("login page")'),
        ("-log*", None, '("log*" *)'),
        ("a | b", '("a" OR "b")', None),
        ("a|b|c", '("a" OR "b" OR "c")', None),
        ("a b | c d", '("a") AND ("b" OR "c") AND ("d")', None),
        ("| a", '("a")', None),
        ("a |", '("a")', None),
        ("a | | b", '("a" OR "b")', None),
        ("a | ?! b", '("a" OR "b")', None),
        ("a | -b", '("a")', '("b")'),
        ("well-known", '("well-known")', None),
        ("AND OR NOT", '("AND") AND ("OR") AND ("NOT")', None),
        ("NEAR(a b)", '("NEAR(a") AND ("b)")', None),
        ("text:login", '("text:login")', None),
        ("", None, None),
        ("   ", None, None),
        ('""', None, None),
        ("- | * \" ' ?!", None, None),
    ],
)
def test_what_is_typed_becomes_a_query(typed: str, wanted: str | None, unwanted: str | None) -> None:
    assert parse(typed) == Words(wanted, unwanted)


def test_a_sign_that_needs_no_space_is_a_word_of_its_own() -> None:
    assert parse("天気").wanted == '(" 天  気 ")'


def test_an_emoji_has_a_name_that_can_be_found() -> None:
    assert parse("👍").wanted == '(" symbol1f44d ")'


def test_composed_and_decomposed_letters_are_looked_for_alike() -> None:
    assert parse("cafe\u0301") == parse("caf\u00e9")


@pytest.mark.parametrize("first", ODD_SIGNS)
@pytest.mark.parametrize("second", ODD_SIGNS)
def test_whatever_is_typed_is_a_query_that_fts5_takes(
    words: sqlite3.Connection, first: str, second: str
) -> None:
    typed = (f"{first}{second}", f"{first}login{second}", f"login{first} {second}page", f"{first}a{second}b")

    for query in (part for one in typed for part in (parse(one).wanted, parse(one).unwanted) if part):
        words.execute("SELECT count(*) FROM words WHERE words MATCH ?", (query,)).fetchone()


def test_a_very_long_text_is_cut(words: sqlite3.Connection) -> None:
    many = parse("login " * 5_000).wanted
    long = parse("x" * 50_000).wanted

    assert many is not None
    assert long is not None
    assert many.count("login") == TERMS_MOST
    assert len(long) == MOST + len('("")')
    assert words.execute("SELECT count(*) FROM words WHERE words MATCH ?", (many,)).fetchone() == (1,)


def test_many_alternatives_are_a_query_that_fts5_takes(words: sqlite3.Connection) -> None:
    query = parse(" | ".join(f"w{number}" for number in range(500))).wanted

    assert words.execute("SELECT count(*) FROM words WHERE words MATCH ?", (query,)).fetchone() == (0,)
