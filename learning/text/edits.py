"""What an edit does to a message: nothing to its meaning, perhaps something, or it is another message now.

Embeddings don't tell: "turn it on" and "turn it off" are nearly the same vector. Words do.
`docs/decisions/0027-edits.md` has the reasons.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from storage.messages.earlier_texts import LETTERS_MOST, EditEffect, EditJudgement, words

Knows = Callable[[str], bool]

# Shorter words differ by a letter or two from many others: on and off, is and in.
SHORT = 5
# No word that is mistyped is longer.
LONGEST = 40
# An edit makes another message unless it keeps so much of the words of both texts, or nearly all of the shorter one:
# authors add what they forgot.
NEAR_FROM, CONTAINED_FROM = 0.5, 0.75
# Of more words than this nobody looks which of them are mistyped.
COMPARED_MOST = 50
# One of them more or fewer turns a sentence around, without its apostrophe too.
NEGATIONS = frozenset(
    (
        *("no", "not", "non", "nor", "never", "none", "nothing", "nobody", "without", "cannot", "cant"),
        *("dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "shouldnt"),
        *("couldnt", "hasnt", "havent", "hadnt", "aint", "não", "nao", "nem", "nunca", "nada", "sem"),
        *("nenhum", "nenhuma", "ninguém", "ninguem", "sin", "ni", "nadie", "ningún", "ningun", "ninguno"),
        *("ninguna", "tampoco", "jamás", "jamas", "nicht", "nie", "kein", "keine", "ohne", "ne", "pas"),
        *("jamais", "sans"),
    )
)
PREFIXES = ("un", "in", "im", "il", "ir", "de", "re", "a", "no", "ex", "up")
ENDINGS = ("s", "es", "d", "ed")
ALPHABETS = ("LATIN ", "GREEK ", "CYRILLIC ")


def judge(before: str, after: str, knows: Knows = lambda _word: False) -> EditJudgement:
    """Tell what an edit does.

    Args:
        before: the text that people and reviewers saw.
        after: what the message says now.
        knows: whether a word is one that the model has in its vocabulary, so that it is hardly mistyped.
    """
    old, new = words(before), words(after)
    letters = _mistyped(old, new, knows)
    if letters is not None:
        return EditJudgement(EditEffect.NONE, letters)
    return EditJudgement(EditEffect.NEAR if _is_near(old, new) else EditEffect.OTHER)


def _is_near(old: Sequence[str], new: Sequence[str]) -> bool:
    """By Dice's coefficient and the overlap coefficient of the words, mistyped ones among them."""
    if not old or not new:
        return False
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    kept = len(old) - gone.total() + _alike(sorted(gone.elements()), sorted(come.elements()))
    shorter = min(len(old), len(new))
    return kept >= NEAR_FROM * (len(old) + len(new)) / 2 or (shorter > 1 and kept >= CONTAINED_FROM * shorter)


def _alike(gone: list[str], come: list[str]) -> int:
    """How many of these words are others of these, mistyped."""
    if len(gone) > COMPARED_MOST or len(come) > COMPARED_MOST:
        return 0
    number = 0
    for one in gone:
        found = next((other for other in come if len(other) >= SHORT and _is_like(one, other)), None)
        if found:
            come.remove(found)
            number += 1
    return number


def _is_like(one: str, other: str) -> bool:
    return _is_alphabetic(one + other) and distance_up_to(one, other, LETTERS_MOST) is not None


def _mistyped(old: Sequence[str], new: Sequence[str], knows: Knows) -> int | None:
    """How many letters were mistyped, LETTERS_MOST at most; None if the edit is another one."""
    if _telling(old) != _telling(new):
        return None
    if "".join(old) == "".join(new):
        return 0  # white space within words
    if len(old) != len(new):
        return None
    total = 0
    for one, other in zip(old, new, strict=True):
        if one != other:
            distance = distance_up_to(one, other, LETTERS_MOST)
            total += LETTERS_MOST + 1 if distance is None else distance
            if total > LETTERS_MOST or not _is_typo(one, other, distance or 0, knows):
                return None
    return total


def _telling(said: Sequence[str]) -> Counter[str]:
    """Numbers, symbols and negations: one more or fewer, or another one, is no typo."""
    return Counter(word for word in said if word in NEGATIONS or not word.isalpha())


def _is_typo(one: str, other: str, distance: int, knows: Knows) -> bool:
    """Is one of two words, so many letters apart, the other one mistyped?"""
    shorter, longer = sorted((one, other), key=len)
    if not all(_is_alphabetic(word) for word in (one, other)):
        return False
    if any(longer == prefix + shorter for prefix in PREFIXES):
        return False
    if len(shorter) >= SHORT - 1 and any(longer == shorter + ending for ending in ENDINGS):
        return True
    known = knows(one) + knows(other)
    if known == 1:
        return distance == 1 or len(longer) > SHORT  # Jira is not Java
    # With no word to go by, as in a language that the model hardly knows, one letter of a longer word.
    return known == 0 and len(longer) >= SHORT and distance == 1


def _is_alphabetic(word: str) -> bool:
    """In a script of letters; one sign of Chinese is a word."""
    return all(unicodedata.name(sign, "").startswith((*ALPHABETS, "COMBINING ")) for sign in word)


def distance_up_to(one: str, other: str, most: int) -> int | None:
    """Damerau and Levenshtein's distance: letters put in, left out, taken for others or swapped; None above `most`."""
    if abs(len(one) - len(other)) > most or max(len(one), len(other)) > LONGEST:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, sign in enumerate(one, 1):
        next_row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(row[j] + 1, next_row[j - 1] + 1, row[j - 1] + (sign != wanted))
            if i > 1 and j > 1 and sign == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            next_row.append(cost)
        before, row = row, next_row
    return row[-1] if row[-1] <= most else None
