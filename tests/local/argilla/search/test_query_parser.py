"""What is typed becomes a query of FTS5 in which no sign of the typed text is syntax."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from local.argilla.search.query_parser import MOST, TERMS_MOST, Words, parse
from tests.properties import REPEATABLE

ODD_SIGNS = "\"'()*-+^:{}|\\,\x00\ud800👍 "


@pytest.fixture(scope="module")
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


def look_for(typed: str, words: sqlite3.Connection) -> None:
    """As a search does: it is no error, whatever is found."""
    for query in (parse(typed).wanted, parse(typed).unwanted):
        if query:
            words.execute("SELECT count(*) FROM words WHERE words MATCH ?", (query,)).fetchone()


@settings(REPEATABLE, max_examples=300)
@given(some.text(some.sampled_from(ODD_SIGNS) | some.sampled_from("ab ") | some.characters()))
def test_whatever_is_typed_is_a_query_that_fts5_takes(words: sqlite3.Connection, typed: str) -> None:
    look_for(typed, words)


def test_two_odd_signs_anywhere_around_words_are_a_query_that_fts5_takes(words: sqlite3.Connection) -> None:
    for first, second in product(ODD_SIGNS, repeat=2):
        look_for(f"{first}{second}", words)
        look_for(f"{first}login{second}", words)
        look_for(f"login{first} {second}page", words)
        look_for(f"{first}a{second}b", words)


def test_a_very_long_text_is_cut(words: sqlite3.Connection) -> None:
    many = parse(" ".join(f"login{number}" for number in range(5_000))).wanted
    long = parse("x" * 50_000).wanted

    assert many is not None
    assert long is not None
    assert many.count("login") == TERMS_MOST
    assert len(long) == MOST + len('("")')


def test_what_is_typed_again_and_again_is_looked_for_once() -> None:
    assert parse("login " * 5_000) == parse("login")
    assert parse("login | page " * 5) == parse("login | page")


def test_many_alternatives_are_a_query_that_fts5_takes(words: sqlite3.Connection) -> None:
    query = parse(" | ".join(f"w{number}" for number in range(500))).wanted

    assert words.execute("SELECT count(*) FROM words WHERE words MATCH ?", (query,)).fetchone() == (0,)
