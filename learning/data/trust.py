"""Whom to believe: which corrections the head learns from at once, and which are good enough to fine-tune on.

A correction serves the head at once, because its author sees what it does and it can be taken back; of a newcomer's
that nobody backs only some do. Fine-tuning lasts, so there a correction counts only where reviewers settled it or its
author has shown to be right. `docs/decisions/0022-trust.md` has the model and the figures behind the numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlmodel import Session

from storage.feedback import corrections, resolution, responses
from storage.feedback.corrections import Background, Spoken, settled
from storage.feedback.resolution import Evidence, Gathered
from storage.tables.feedback import Word
from storage.workspaces.pseudonyms import FORGOTTEN, is_forgotten

CYCLE_S = 7 * 86_400.0
# Of one newcomer's uncontested corrections so many reach the head in a cycle.
HEAD_MOST = 20
# Trust begins at PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG): nobody unknown is believed.
PRIOR_RIGHT, PRIOR_WRONG = 1.0, 2.0
# What one comparison counts. A reviewer saw the message alone; another user may err as well; and whoever confirms
# what the bot said shows little, even if it is right.
BY_A_PEER = 0.5
BY_A_TWIN = 0.5
OF_A_CONFIRMATION = 0.25
# Trust that rests on people who are trusted themselves is worked out in so many rounds.
ROUNDS = 4
# What the model held for less likely than this waits for a second opinion, whoever said it.
IMPLAUSIBLE = 0.01


class AdmissionGrounds(StrEnum):
    """Why a label may be fine-tuned on."""

    REVIEWERS = "by reviewers"
    AGREED = "agreed on by a trusted user and another"
    TRUSTED = "by a trusted user"
    IMPORTED = "imported"


class Doubt(StrEnum):
    """Why a label waits."""

    TIED = "reviewers are tied"
    DISPUTED = "users disagree"
    UNTRUSTED = "by users who are not trusted yet"
    IMPLAUSIBLE = "very unlikely to the model"
    TOO_MANY = "above the weekly limit per user"


@dataclass(frozen=True)
class Belief:
    """What settings say of whom to believe.

    at_least: the trust from which a user's corrections are learned for good; uncontested_most: how many of them that
    nobody else backs are taken from one user in a cycle of CYCLE_S seconds; operators: users who are trusted from the
    start, because they run the bot and could import labels as well.
    """

    at_least: float = 0.75
    uncontested_most: int = 30
    operators: frozenset[str] = field(default_factory=frozenset)


NO_OPERATORS = Belief()


@dataclass(frozen=True)
class Reliability:
    """How often a user agreed with evidence, and how often not, each comparison counted by its weight."""

    agreements: float = 0.0
    disagreements: float = 0.0

    @property
    def trust(self) -> float:
        """The mean of a Beta posterior, between 0 and 1; 1/3 for a newcomer."""
        right, wrong = self.agreements + PRIOR_RIGHT, self.disagreements + PRIOR_WRONG
        return right / (right + wrong)


class Trust:
    """Whom to believe now. Operators are; about everybody else the evidence decides."""

    def __init__(self, known: Mapping[str, Reliability], belief: Belief) -> None:
        self._known = known
        self._belief = belief
        believed = {user_id for user_id, one in known.items() if one.trust >= belief.at_least}
        self._believed = belief.operators | believed
        self._is_anybody_believed = Reliability().trust >= belief.at_least

    def of(self, user_id: str) -> float:
        """Between 0 and 1."""
        if user_id in self._belief.operators:
            return 1.0
        return self._known.get(user_id, Reliability()).trust

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._believed or (self._is_anybody_believed and user_id not in self._known)

    @property
    def belief(self) -> Belief:
        return self._belief

    def reliability(self, user_id: str) -> Reliability:
        """On what a user's trust rests."""
        return self._known.get(user_id, Reliability())


@dataclass(frozen=True)
class AdmittedLabels:
    """Labels to fine-tune on, and those that wait, each by message: label id and grounds, or the doubt."""

    admitted: dict[str, tuple[str, AdmissionGrounds]]
    held_back: dict[str, Doubt]

    @property
    def labels(self) -> dict[str, str]:
        """The admitted label of each message."""
        return {message_id: label_id for message_id, (label_id, _) in self.admitted.items()}


@dataclass(frozen=True)
class Lowered:
    """A user whom reviewers contradicted on some messages: their trust now, and without that.

    `by`: how many of the messages each reviewer, by Argilla's id, answered so.
    """

    user_id: str
    trust: float
    without: float
    messages: int
    by: Counter[str]


# Reading it from the database


def read(session: Session, team_id: str, belief: Belief) -> tuple[list[Evidence], Trust]:
    """All evidence of a team, and whom to believe."""
    evidence = resolution.evidence(session, team_id)
    return evidence, weigh(evidence, backgrounds(session, team_id), belief)


def admitted(session: Session, team_id: str, belief: Belief) -> AdmittedLabels:
    """The labels of a team that may be fine-tuned on now."""
    return admit(*read(session, team_id, belief))


def lowered(session: Session, team_id: str, belief: Belief) -> list[Lowered]:
    """Whose trust reviewers' responses lowered, and which reviewers', most messages first.

    Operators are trusted whatever is said of them, and who was forgotten is left out.
    """
    evidence, trust = read(session, team_id, belief)
    contradicted: defaultdict[str, list[str]] = defaultdict(list)
    for word, agrees, _weight in _comparisons_with_reviewers(evidence):
        if not agrees and word.user_id not in belief.operators and not is_forgotten(word.user_id):
            contradicted[word.user_id].append(word.message_id)
    said = {message_id for message_ids in contradicted.values() for message_id in message_ids}
    labels = {
        one.message_id: one.verdict.label_id
        for one in evidence
        if one.message_id in said and one.verdict and one.verdict.label_id
    }
    reviewers = responses.supporters(session, team_id, labels)
    found = []
    for user_id, message_ids in contradicted.items():
        known = trust.reliability(user_id)
        without = replace(known, disagreements=known.disagreements - len(message_ids))
        by = Counter(reviewer for one in message_ids for reviewer in reviewers.get(one, ()))
        found.append(Lowered(user_id, known.trust, without.trust, len(message_ids), by))
    return sorted(found, key=lambda one: (-one.messages, one.user_id))


def for_head(session: Session, team_id: str, belief: Belief) -> dict[str, str]:
    """For each message that the head may learn from at once, the id of its label."""
    return choose_for_head(*gather(session, team_id, belief))


def gather(session: Session, team_id: str, belief: Belief) -> tuple[Gathered, Trust]:
    """As `read`, much quicker, with the one word of messages of which there is one kept apart."""
    gathered = resolution.gathered(session, team_id)
    # On what was said once there is no evidence but that of twins.
    return gathered, weigh(gathered.others, backgrounds(session, team_id), belief)


def backgrounds(session: Session, team_id: str) -> dict[str, Background]:
    """As `weigh` takes them."""
    return corrections.backgrounds(session, team_id, OF_A_CONFIRMATION)


# Trust


def weigh(evidence: Sequence[Evidence], backgrounds: Mapping[str, Background], belief: Belief) -> Trust:
    """Whom to believe, by reviewers, by messages with a known label, and by users who are trusted themselves.

    Corrections that are held back or were discarded count as wrong. Accounts that agree with each other earn nothing
    by it: agreement counts if the other user is trusted without it, or by others who are.
    """
    alone = {user_id: _of_background(known) for user_id, known in backgrounds.items()}
    by_reviewers = _sum(alone, _comparisons_with_reviewers(evidence))
    trust = Trust(by_reviewers, belief)
    for _round in range(ROUNDS):
        known = _sum(by_reviewers, _comparisons_with_peers(evidence, trust))
        trust = Trust(known, belief)
    return trust


def _of_background(known: Background) -> Reliability:
    return Reliability(BY_A_TWIN * known.agreements, BY_A_TWIN * known.disagreements + known.held)


def _comparisons_with_reviewers(evidence: Iterable[Evidence]) -> Iterable[tuple[Spoken, bool, float]]:
    for one in evidence:
        if one.verdict is None or one.verdict.label_id is None:
            continue
        for word in one.words:
            agrees = word.label_id == one.verdict.label_id
            # The card shows what reviewers said: whoever repeats it afterwards has shown nothing.
            if not agrees or word.created_at <= one.verdict.at:
                yield word, agrees, 1.0


def _comparisons_with_peers(
    evidence: Iterable[Evidence], trust: Trust
) -> Iterable[tuple[Spoken, bool, float]]:
    for one in evidence:
        if len(one.words) < 2 or (one.verdict and one.verdict.label_id):
            continue
        # By label, when believed users said so: many users may speak of one message, so none is compared with each.
        times: defaultdict[str, list[float]] = defaultdict(list)
        for word in sorted(one.words, key=lambda word: word.created_at):
            if word.user_id in trust:
                times[word.label_id].append(word.created_at)
        believed = sum(map(len, times.values()))
        for word in one.words:
            alike = times[word.label_id]  # a user's own word is among them, and not later than itself
            if others := believed - len(alike):
                yield word, False, BY_A_PEER * others
            if later := len(alike) - bisect_right(alike, word.created_at):
                yield word, True, BY_A_PEER * later


def _sum(
    known: Mapping[str, Reliability], comparisons: Iterable[tuple[Spoken, bool, float]]
) -> dict[str, Reliability]:
    agreements = defaultdict(float, {user_id: one.agreements for user_id, one in known.items()})
    disagreements = defaultdict(float, {user_id: one.disagreements for user_id, one in known.items()})
    for word, agrees, weight in comparisons:
        if not agrees:
            disagreements[word.user_id] += weight
        else:
            agreements[word.user_id] += weight * _shown_by(word)
    return {
        user_id: Reliability(agreements[user_id], disagreements[user_id])
        for user_id in agreements.keys() | disagreements.keys()
    }


def _shown_by(word: Spoken) -> float:
    return OF_A_CONFIRMATION if word.word is Word.CONFIRMED else 1.0


# What may be fine-tuned on


def admit(evidence: Sequence[Evidence], trust: Trust) -> AdmittedLabels:
    """Which labels may be fine-tuned on.

    An imported label was an operator's choice: it counts, however many there are, where no user says otherwise.
    """
    alone: Counter[tuple[str, int]] = Counter()
    admitted: dict[str, tuple[str, AdmissionGrounds]] = {}
    held_back: dict[str, Doubt] = {}
    for one in sorted(evidence, key=_time):
        if one.verdict and one.verdict.is_discarded:
            continue
        found = _judge(one, trust)
        if isinstance(found, Doubt):
            held_back[one.message_id] = found
        elif (
            found
            and found[1] is AdmissionGrounds.TRUSTED
            and _is_too_many(one.words[-1], alone, trust.belief.uncontested_most)
        ):
            held_back[one.message_id] = Doubt.TOO_MANY
        elif found:
            admitted[one.message_id] = found
    return AdmittedLabels(admitted, held_back)


def _time(one: Evidence) -> float:
    return one.words[-1].created_at if one.words else 0.0


def _judge(one: Evidence, trust: Trust) -> tuple[str, AdmissionGrounds] | Doubt | None:
    if one.verdict:
        return (one.verdict.label_id, AdmissionGrounds.REVIEWERS) if one.verdict.label_id else Doubt.TIED
    label_id = settled(one.words)
    if label_id is None:
        return (one.imported.label_id, AdmissionGrounds.IMPORTED) if one.imported else None
    votes = Counter(word.label_id for word in one.words)
    if not _is_ahead(label_id, votes):
        return Doubt.DISPUTED
    is_backed = any(word.user_id in trust for word in one.words if word.label_id == label_id)
    is_contested = len(votes) > 1 or bool(one.imported and one.imported.label_id != label_id)
    if is_contested and not (is_backed and votes[label_id] > 1):
        return Doubt.DISPUTED
    if one.imported and one.imported.label_id == label_id:
        return label_id, AdmissionGrounds.IMPORTED
    if not is_backed:
        return Doubt.UNTRUSTED
    if votes[label_id] > 1:
        return label_id, AdmissionGrounds.AGREED
    return (
        Doubt.IMPLAUSIBLE if _is_implausible(one.words[-1], trust) else (label_id, AdmissionGrounds.TRUSTED)
    )


def _is_ahead(label_id: str, votes: Counter[str]) -> bool:
    return all(votes[label_id] > number for other, number in votes.items() if other != label_id)


def _is_implausible(word: Spoken, trust: Trust) -> bool:
    """Most of a careful user's slips are labels that the model finds absurd. An operator may know better."""
    is_unlikely = word.foreseen is not None and word.foreseen < IMPLAUSIBLE
    return is_unlikely and word.user_id not in trust.belief.operators


def _is_too_many(word: Spoken, alone: Counter[tuple[str, int]], most: int) -> bool:
    """Count one more of a user's uncontested words of a cycle; were there as many as may be already?"""
    cycle = word.user_id, int(word.created_at // CYCLE_S)
    alone[cycle] += 1
    return alone[cycle] > most


# What the head may learn from at once


def choose_for_head(gathered: Gathered, trust: Trust) -> dict[str, str]:
    """For each message the label that the head learns: what reviewers, trusted users and imports say, and of each
    newcomer, or of all who were forgotten, the first HEAD_MOST corrections of a cycle that none of these contradicts.
    """
    found = {
        message_id: word.label_id
        for message_id, word in gathered.once.items()
        if word.word is Word.IMPORTED or word.user_id in trust
    }
    of_newcomers: list[tuple[Spoken, ...]] = [
        (word,) for message_id, word in gathered.once.items() if message_id not in found
    ]
    for one in gathered.others:
        believed = tuple(word for word in one.words if word.user_id in trust)
        if (one.verdict and not one.verdict.is_tied) or believed or one.imported or not one.words:
            label_id = resolution.label_of(Evidence(one.message_id, believed, one.verdict, one.imported))
            found |= {one.message_id: label_id} if label_id else {}
        else:
            of_newcomers.append(one.words)
    alone: Counter[tuple[str, int]] = Counter()
    for words in sorted(of_newcomers, key=lambda words: words[-1].created_at):
        label_id = _of_newcomers(words, alone)
        if label_id:
            found[words[0].message_id] = label_id
    return found


def _of_newcomers(words: tuple[Spoken, ...], alone: Counter[tuple[str, int]]) -> str | None:
    """What newcomers settled. Nobody above the limit takes a message from those below it by contradicting them."""
    while words:
        label_id = settled(words)
        standing = next(word for word in reversed(words) if word.label_id == label_id)
        if not _is_too_many(_of_one(standing), alone, HEAD_MOST):
            return label_id
        words = tuple(word for word in words if word is not standing)
    return None


def _of_one(word: Spoken) -> Spoken:
    """Newcomers who were forgotten count as one: nobody begins anew by having themselves forgotten."""
    return word._replace(user_id=FORGOTTEN) if is_forgotten(word.user_id) else word
