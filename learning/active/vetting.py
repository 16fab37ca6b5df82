"""Vetting: a burst of corrections that looks wrong is held back, and each correction compared with known labels."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set

import numpy as np
from sqlmodel import Session

from learning.active import suspicion
from learning.active.suspicion import AGAIN_AFTER, AGAIN_FACTOR, LEAST, WINDOW_S, Lately, Likelihoods
from learning.data import trust
from learning.data.trust import Belief
from learning.encoders.duplicates import AT_LEAST
from learning.encoders.encoder import Vectors
from learning.heads.centring import centred
from learning.heads.head import Classes, Head
from learning.heads.refit import Refitter
from storage.database.engine import Database
from storage.feedback import bursts, corrections, imports, labels, responses
from storage.feedback.corrections import Latest
from storage.models import predictions
from storage.tables.feedback import Burst

log = logging.getLogger(__name__)

TWINS_AT_ONCE = 500
# A model's mean confidence is taken from so many messages.
SAMPLE_LEAST, SAMPLE_MOST = 30, 300
MONTH_S = 30 * 86_400.0
# Of whose corrections an operator has looked at and kept some, no more are held back for so long.
KEPT_FOR_S = 30 * 86_400.0


class Vetting:
    """Looks at what the users of one team said since the last look. `on_flagged`: cards, notes and Argilla follow."""

    def __init__(
        self, database: Database, team_id: str, belief: Belief, on_flagged: Callable[[], None]
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._belief = belief
        self._on_flagged = on_flagged
        self._looked_at: dict[str, int] = {}

    def look(self, refitter: Refitter) -> None:
        """Hold back what somebody said lately if it looks wrong."""
        now = time.time()
        with self._database.reading() as session:
            said = corrections.latest(session, self._team_id, now - WINDOW_S)
            kept = bursts.kept(session, self._team_id, now - KEPT_FOR_S)
            is_late = bursts.is_any_late(session, self._team_id)
        if is_late:
            self._hold_late_ones()
        for user_id, found in suspicion.lately(said).items():
            if user_id not in self._belief.operators | kept and self._is_due(user_id, found.number):
                self._judge(refitter, user_id, found)

    def _hold_late_ones(self) -> None:
        """Hold back what was said while its burst was being found."""
        with self._database.writing() as session:
            bursts.hold_late_ones(session, self._team_id)
        self._on_flagged()

    def compare(self, refitter: Refitter) -> bool:
        """Compare up to TWINS_AT_ONCE corrections with labels of messages that say nearly the same; were there any?"""
        with self._database.reading() as session:
            said = corrections.twinless(session, self._team_id, TWINS_AT_ONCE)
            if not said:
                return False
            known = _known(session, self._team_id)
            encoder = refitter.encoder.fingerprint
            ours = predictions.vectors(session, encoder, list({word.message_id for word in said}))
            theirs = predictions.vectors(session, encoder, list(known)) if ours else {}
        examples, label_ids = refitter.own_examples()
        label_ids += [known[message_id] for message_id in theirs]
        rows = {message_id: len(examples) + number for number, message_id in enumerate(theirs)}
        mean = refitter.mean()
        vectors = centred(np.vstack([examples, *theirs.values()]), mean)
        ours = {message_id: centred(one[None], mean)[0] for message_id, one in ours.items()}
        twins = {word.id: _twin(word, ours, rows, vectors, label_ids) for word in said}
        with self._database.writing() as session:
            corrections.keep_twins(session, twins)
        return True

    def _is_due(self, user_id: str, number: int) -> bool:
        """Did this user say enough more since the last look? After a pause of a week counting begins again."""
        before = self._looked_at.get(user_id, 0)
        if before and before / AGAIN_FACTOR < number < max(before + AGAIN_AFTER, before * AGAIN_FACTOR):
            return False
        self._looked_at[user_id] = number
        return True

    def _judge(self, refitter: Refitter, user_id: str, found: Lately) -> None:
        with self._database.reading() as session:
            found = self._held_against(session, user_id, found)
            if not found.is_enough:
                return
            evidence, trusted = trust.read(session, self._team_id, self._belief)
            sample = self._sample(session, {word.message_id for word in found.words})
            judged = {word.message_id for word in (*found.last, *found.quick.last)}
            shown = predictions.labels_said(session, [*judged, *sample])
            read = predictions.vectors(session, refitter.encoder.fingerprint, [*judged, *sample])
            described = _described(session, self._team_id)
        # Without this user; and accounts that help each other weigh nothing, for none of them is trusted.
        believed = trust.admit([one.without(user_id) for one in evidence], trusted).labels
        opinion = BurstOpinion(refitter.fit_aside(believed), described | set(believed.values()), read, shown)
        confidence = opinion.confidence(sample)
        if not suspicion.is_telling(confidence):
            return
        for part in [found.quick] if user_id in trusted else [found, found.quick]:
            share_right = _share_right_if_hostile(opinion, part, confidence)
            if share_right is not None:
                self._flag(user_id, part, share_right)
                return

    def _held_against(self, session: Session, user_id: str, found: Lately) -> Lately:
        """What may be held against a user: not what they took back, nor what others edited a message to afterwards."""
        latest = {word.message_id: word for word in found.words}
        standing = {
            (word.message_id, word.label_id)
            for words in corrections.words(session, self._team_id, list(latest)).values()
            for word in words
            if word.user_id == user_id
        }
        edited = predictions.edited_since(
            session, {one: word.created_at for one, word in latest.items()}, user_id
        )
        kept = {one for one, word in latest.items() if (one, word.label_id) in standing} - edited
        return Lately([word for word in found.words if word.message_id in kept])

    def _sample(self, session: Session, but: Set[str]) -> list[str]:
        """The latest messages; without those that somebody spoke of, if enough are left."""
        now = time.time()
        latest = predictions.between(session, self._team_id, now - MONTH_S, now, SAMPLE_MOST + len(but))
        others = [message_id for message_id in latest if message_id not in but]
        return (others if len(others) >= SAMPLE_LEAST else latest)[:SAMPLE_MOST]

    def _flag(self, user_id: str, part: Lately, share_right: float) -> None:
        first, last = part.words[0], part.words[-1]
        burst = Burst(
            id=hashlib.sha256(f"{self._team_id} {first.id}".encode()).hexdigest()[:32],
            team_id=self._team_id,
            user_id=user_id,
            corrections=0,
            began=first.created_at,
            ended=last.created_at,
            share_right=share_right,
        )
        with self._database.writing() as session:
            held = bursts.flag(session, burst)
        if held:
            self._looked_at.pop(user_id, None)  # what is held back counts no more, and counting begins again
            log.warning("burst held back corrections=%d share_right=%.2f", held, share_right)
            self._on_flagged()


def _described(session: Session, team_id: str) -> set[str]:
    """Ids of the labels of which more than the name is written."""
    return {label.id for label in labels.active(session, team_id) if label.description or label.examples}


def _known(session: Session, team_id: str) -> dict[str, str]:
    """The label of each message that reviewers settled or that was imported."""
    imported = {message_id: one.label_id for message_id, one in imports.labels(session, team_id).items()}
    settled = responses.verdicts(session, team_id)
    return imported | {message_id: one.label_id for message_id, one in settled.items() if one.label_id}


def _twin(
    word: Latest, ours: Mapping[str, Vectors], rows: Mapping[str, int], vectors: Vectors, labels: list[str]
) -> str:
    """The known label of the message most like that of `word`, if it says nearly the same; else "".

    vectors: (known, dimensions), whose labels are `labels`; rows: where in them each message of Slack's stands.
    """
    own = ours.get(word.message_id)
    if own is None or not len(vectors):
        return ""
    alike = vectors @ own
    if word.message_id in rows:
        alike[rows[word.message_id]] = 0.0
    nearest = int(alike.argmax())
    return labels[nearest] if alike[nearest] >= AT_LEAST else ""


class BurstOpinion:
    """What a model thinks of messages, beside what the bot had said of them: the label id that was `shown`."""

    def __init__(
        self, judge: Head, known: Set[str], read: Mapping[str, Vectors], shown: Mapping[str, str]
    ) -> None:
        """`known`: ids of the labels of which it has more than the name, as of one that somebody has just proposed."""
        self._judge = judge
        self._known = known
        self._read = read
        self._shown = shown
        self._row = {label_id: number for number, label_id in enumerate(judge.labels)}

    def knows(self, message_id: str, label_id: str) -> bool:
        """Can it say anything about this label of this message?"""
        is_known = label_id in self._known and label_id in self._row
        return message_id in self._read and is_known and len(self._row) > 1

    def confidence(self, sample: Sequence[str]) -> float:
        """How many of the answers that the bot gave to these messages are right, as the model has it; 0 if none was."""
        known = [one for one in sample if one in self._shown and self.knows(one, self._shown[one])]
        if not known:
            return 0.0
        shown = self._rows([self._shown[one] for one in known])
        return float(self._probabilities(known)[np.arange(len(known)), shown].mean())

    def likelihoods(self, words: Sequence[Latest], confidence: float) -> Likelihoods:
        """Of each of these words, of which the model `knows`."""
        about = [word.message_id for word in words]
        shown = self._rows([self._shown.get(message_id, "") for message_id in about])
        said = self._rows([word.label_id for word in words])
        return suspicion.likelihoods(self._probabilities(about), said, shown, confidence)

    def _probabilities(self, message_ids: Sequence[str]) -> Vectors:
        return self._judge.probabilities(np.stack([self._read[one] for one in message_ids]))

    def _rows(self, label_ids: Sequence[str]) -> Classes:
        return np.array([self._row.get(label_id, -1) for label_id in label_ids], dtype=np.int64)


def _share_right_if_hostile(opinion: BurstOpinion, part: Lately, confidence: float) -> float | None:
    """The estimated share of right corrections among those of somebody hostile; None if they are not, or too few."""
    words = [word for word in part.last if opinion.knows(word.message_id, word.label_id)]
    if len(words) < LEAST:
        return None
    found = opinion.likelihoods(words, confidence)
    return suspicion.share_right(found) if suspicion.is_hostile(found) else None
