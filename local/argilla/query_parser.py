"""What a person types into Argilla's search as a query of FTS5: no character of theirs is ever its syntax.

All words have to occur, "in quotes" as a phrase, word* by its beginning, -word must not, a | b is either: the simple
query string that Elasticsearch takes there.
"""

from __future__ import annotations

import re
import unicodedata

PART = re.compile(r'(?P<either>\|)|(?P<not>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"|]+))')
MOST = 10_000
WORDS_MOST = 200
NOTHING = '""'


def fts_query(typed: str) -> str:
    """The query of FTS5; one that matches nothing where nothing to look for was typed."""
    wanted: list[list[str]] = [[]]
    unwanted: list[str] = []
    is_either = False
    for part in list(PART.finditer(typed[:MOST]))[:WORDS_MOST]:
        if part["either"]:
            is_either = bool(wanted[-1])
            continue
        term = _term(part)
        if term is None:
            continue
        if part["not"]:
            unwanted.append(term)
        elif is_either:
            wanted[-1].append(term)
        else:
            wanted.append([term])
        is_either = False
    groups = [f"({' OR '.join(group)})" for group in wanted if group]
    if not groups:
        return NOTHING
    query = " AND ".join(groups)
    return f"({query}) NOT ({' OR '.join(unwanted)})" if unwanted else query


def _term(part: re.Match[str]) -> str | None:
    if part["phrase"] is not None:
        return _quoted(part["phrase"])
    word = part["word"].lstrip("+")
    is_prefix = word.endswith("*")
    term = _quoted(word)
    return f"{term} *" if term and is_prefix else term


def _quoted(text: str) -> str | None:
    """A string of FTS5, which knows no way out of its quotes; None where it holds no letter, digit or other token."""
    clean = "".join(sign if _is_token(sign) else " " for sign in text).strip()
    return f'"{clean}"' if clean else None


def _is_token(sign: str) -> bool:
    """What FTS5's unicode61 takes as part of a token."""
    return unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Co"
