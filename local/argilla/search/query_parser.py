"""What a person types into Argilla's search as a query of FTS5: no character of theirs is ever its syntax.

All words have to occur, "in quotes" as a phrase, word* by its beginning, -word must not, a | b is either: the simple
query string that Elasticsearch takes there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.argilla.search.words import is_word, spelled

PART = re.compile(r'(?P<either>\|)|(?P<not>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"|]+))')
# FTS5 compares every place where a term occurs with all other terms: more of them than anybody types would take it
# minutes on one long message.
MOST = 500
TERMS_MOST = 32


@dataclass(frozen=True)
class Words:
    """Two queries of FTS5: what has to match, and what must not; None where nothing of the kind was typed."""

    wanted: str | None
    unwanted: str | None


def parse(typed: str) -> Words:
    """What to look for."""
    groups: list[list[str]] = []
    unwanted: list[str] = []
    is_either = False
    for part in list(PART.finditer(typed[:MOST]))[:TERMS_MOST]:
        term = None if part["either"] else _term(part)
        if part["either"]:
            is_either = bool(groups)
        elif term and part["not"]:
            unwanted.append(term)
        elif term and is_either:
            groups[-1].append(term)
        elif term:
            groups.append([term])
        is_either = is_either and not term
    wanted = dict.fromkeys(map(_any_of, groups))
    return Words(" AND ".join(wanted) or None, _any_of(unwanted) if unwanted else None)


def _any_of(terms: Iterable[str]) -> str:
    return f"({' OR '.join(dict.fromkeys(terms))})"


def _term(part: re.Match[str]) -> str | None:
    if part["phrase"] is not None:
        return _quoted(part["phrase"])
    term = _quoted(part["word"])
    return f"{term} *" if term and part["word"].endswith("*") else term


def _quoted(text: str) -> str | None:
    """A string of FTS5, which knows no way out of its quotes; None where there is nothing in it to look for."""
    clean = spelled(text.replace('"', " "))
    return f'"{clean}"' if is_word(clean) else None
