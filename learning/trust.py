"""Whom to believe: which corrections are good enough to fine-tune on, beside reviewers' answers.

A correction serves the head at once, because its author sees what it does and can take it back. Fine-tuning lasts,
so there a correction counts only where a reviewer or a second person agrees, or where its author has been right
often enough. `docs/decisions/0008-trust.md` has the figures behind the numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.corrections import Spoken, settled
from storage.resolution import Evidence

CYCLE_S = 7 * 86_400.0
BURST_S = 600.0
BURST_MOST = 20


class Grounds(StrEnum):
    """Why a label may be fine-tuned on."""

    REVIEWERS = "by reviewers"
    AGREED = "agreed on by two people"
    TRUSTED = "by a trusted person"
    IMPORTED = "imported"


class Doubt(StrEnum):
    """Why a label waits."""

    TIED = "reviewers are tied"
    DISPUTED = "people disagree"
    UNTRUSTED = "its author is often wrong"
    TOO_MANY = "too many by one person"


@dataclass(frozen=True)
class Record:
    """How often reviewers said the same as a person, of the times that they said anything."""

    agreements: int = 0
    reviewed: int = 0

    @property
    def trust(self) -> float:
        """Between 0 and 1; 0.8 for somebody of whom nothing is known."""
        return (self.agreements + 4) / (self.reviewed + 5)


@dataclass(frozen=True)
class Admission:
    """Labels to fine-tune on, and those that wait, each by message: label id and grounds, or the doubt."""

    admitted: dict[str, tuple[str, Grounds]]
    held_back: dict[str, Doubt]


@dataclass(frozen=True)
class Burst:
    """More words of one person than one is likely to mean: `words` from `began` (seconds since 1970) on."""

    user_id: str
    words: int
    began: float
    trust: float


def records(evidence: Iterable[Evidence]) -> dict[str, Record]:
    """The record of each person whose words reviewers have judged."""
    agreements: Counter[str] = Counter()
    reviewed: Counter[str] = Counter()
    for one in evidence:
        if one.verdict is None or one.verdict.label_id is None:
            continue
        for word in one.words:
            reviewed[word.user_id] += 1
            agreements[word.user_id] += word.label_id == one.verdict.label_id
    return {user_id: Record(agreements[user_id], number) for user_id, number in reviewed.items()}


def admit(evidence: Sequence[Evidence], at_least: float, uncontested_most: int) -> Admission:
    """Which labels may be fine-tuned on.

    at_least: the trust below which a person's word alone does not count; uncontested_most: how many words that
    nobody else backs are taken from one person in a cycle of CYCLE_S seconds, the earliest first. An imported label was
    an operator's choice: it counts, however many there are, where no person says otherwise.
    """
    known = records(evidence)
    alone: Counter[tuple[str, int]] = Counter()
    admitted: dict[str, tuple[str, Grounds]] = {}
    held_back: dict[str, Doubt] = {}
    for one in sorted(evidence, key=_time):
        if one.verdict and one.verdict.is_discarded:
            continue
        found = _judge(one, known, at_least)
        if isinstance(found, Doubt):
            held_back[one.message_id] = found
        elif found and found[1] is Grounds.TRUSTED and _is_too_many(one, alone, uncontested_most):
            held_back[one.message_id] = Doubt.TOO_MANY
        elif found:
            admitted[one.message_id] = found
    return Admission(admitted, held_back)


def _time(one: Evidence) -> float:
    return one.words[-1].created_at if one.words else 0.0


def _judge(one: Evidence, known: dict[str, Record], at_least: float) -> tuple[str, Grounds] | Doubt | None:
    if one.verdict:
        return (one.verdict.label_id, Grounds.REVIEWERS) if one.verdict.label_id else Doubt.TIED
    label_id = settled(one.words)
    if label_id is None:
        return (one.imported.label_id, Grounds.IMPORTED) if one.imported else None
    votes = Counter(word.label_id for word in one.words)
    if votes[label_id] > 1:
        return (label_id, Grounds.AGREED) if _is_ahead(label_id, votes) else Doubt.DISPUTED
    if len(votes) > 1 or (one.imported and one.imported.label_id != label_id):
        return Doubt.DISPUTED
    if one.imported:
        return label_id, Grounds.IMPORTED
    author = known.get(one.words[-1].user_id, Record())
    return (label_id, Grounds.TRUSTED) if author.trust >= at_least else Doubt.UNTRUSTED


def _is_ahead(label_id: str, votes: Counter[str]) -> bool:
    return all(votes[label_id] > number for other, number in votes.items() if other != label_id)


def _is_too_many(one: Evidence, alone: Counter[tuple[str, int]], most: int) -> bool:
    word = one.words[-1]
    cycle = word.user_id, int(word.created_at // CYCLE_S)
    alone[cycle] += 1
    return alone[cycle] > most


def bursts(evidence: Iterable[Evidence]) -> list[Burst]:
    """Where somebody said more than BURST_MOST words within BURST_S seconds, latest first."""
    known = records(evidence := list(evidence))
    by_person: dict[str, list[Spoken]] = {}
    for one in evidence:
        for word in one.words:
            by_person.setdefault(word.user_id, []).append(word)
    found = [
        Burst(user_id, len(words), words[0].created_at, known.get(user_id, Record()).trust)
        for user_id, said in by_person.items()
        for words in _runs(sorted(said, key=lambda word: word.created_at))
        if len(words) > BURST_MOST
    ]
    return sorted(found, key=lambda burst: -burst.began)


def _runs(words: list[Spoken]) -> Iterable[list[Spoken]]:
    """`words` divided so that each part lies within BURST_S seconds."""
    run: list[Spoken] = []
    for word in words:
        if run and word.created_at - run[0].created_at > BURST_S:
            yield run
            run = []
        run.append(word)
    yield run
