"""Floors: makes, beside the answering, the likeness below which the model in service says "none of my labels", and how
likely a label must be for a question to offer it.

Likeness hardly moves from one revision of a head to the next, so that no click waits for a floor: it is made again when
the version, what centres or projects embeddings, the labels or the share change, or when the messages that it rests on
grow by a tenth.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlmodel import Session

from learning.data import trust
from learning.data.trust import Belief
from learning.encoders.encoder import Vectors
from learning.heads import head
from learning.heads.champion import Served
from learning.heads.head import Head
from learning.heads.none_of_these import (
    PROMISE_MIN,
    HeldOutJudgement,
    floor,
    held_out,
    judged_by,
    likeness_of,
)
from learning.heads.offering import likely_enough, margin
from learning.heads.refit import Refitter
from learning.serving.hot_swap import Following
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.feedback import labels, questions, resolution
from storage.feedback import responses as answers
from storage.models import floors, predictions, splits
from storage.tables.models import Basis, Floor, Side

log = logging.getLogger(__name__)

STEP_S = 15.0
GROWTH = 0.1
# The latest messages that a floor is made of; more say nothing new about a share of 5 %.
MESSAGES_MAX = 1_000
# So many unlabelled messages make the floor before anything is labelled. What no label fits is among them, so that even
# fewer of the others fall below.
POOL_MIN = 100
COUNTED = ("labelled", "responses", "pool", "read")


class StoppedError(RuntimeError):
    """The bot stops while a floor is made; the next one makes it."""


@dataclass(frozen=True)
class Shares:
    """What is promised: the most that may be called none of the messages that have a label (`none_of_these.floor`), and
    the most questions that may not offer the right label (`offering.likely_enough`); 0 turns either off.

    A question is asked if the likeliest label is ahead of the next by less than `ask_below_margin`.
    """

    none: float
    not_offered: float
    ask_below_margin: float


@dataclass(frozen=True)
class FloorMaterial:
    """What a floor can be made of: message ids of the random tenth that reviewers gave a label, of all that have one,
    and of unlabelled ones. What the encoder was trained on is not among them.

    `learned`: the label of everything that heads learn from; `responses`: the label of each.
    """

    learned: dict[str, str]
    responses: dict[str, str]
    labelled: list[str]
    pool: list[str]

    @property
    def basis(self) -> Basis:
        if len(self.responses) >= PROMISE_MIN:
            return Basis.RESPONSES
        if len(self.labelled) >= PROMISE_MIN:
            return Basis.LABELLED
        return Basis.POOL if len(self.pool) >= POOL_MIN else Basis.NOTHING

    @property
    def messages(self) -> list[str]:
        """Ids of the messages that the floor is made of."""
        return {
            Basis.RESPONSES: list(self.responses),
            Basis.LABELLED: self.labelled[:MESSAGES_MAX],
            Basis.POOL: self.pool,
            Basis.NOTHING: [],
        }[self.basis]


class Floors:
    """Keeps a team's floor up to date; one replica at a time does."""

    def __init__(
        self, database: Database, team_id: str, following: Following, shares: Shares, belief: Belief
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._following = following
        self._shares = shares
        self._belief = belief
        self.claim = LeaseClaim(database, f"floor {team_id}")
        self.is_stopping: Callable[[], bool] = lambda: False
        self._next = 0.0
        self._seen: tuple[object, ...] | None = None

    def step(self) -> float | None:
        """Make the floor again if there is a reason to."""
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        self._next = time.monotonic() + STEP_S
        served, refitter = self._following.champion.served, self._following.refitter
        if refitter.encoder is not served.encoder:  # being swapped
            return STEP_S
        with self._database.reading() as session:
            seen = *_space(served), served.head.labels, resolution.state(session, self._team_id)
            if seen == self._seen:
                return STEP_S
            before = floors.latest(session, self._team_id)
            found = self._material(session, refitter)
            vectors = predictions.vectors(session, served.encoder.fingerprint, found.messages)
        is_all = bool(found.labelled) and len(vectors) == len(found.messages)
        self._seen = seen if is_all else None
        made_of = self._made_of(served, found, vectors)
        if (before is None or _is_new(before.made_of, made_of)) and self.claim.hold():
            with suppress(StoppedError):
                self._make(served, refitter, found, vectors, made_of)
        return STEP_S

    def close(self) -> None:
        """Let another replica go on at once."""
        if self.claim.is_ours:
            self.claim.give_up()

    def _material(self, session: Session, refitter: Refitter) -> FloorMaterial:
        known = {label.id for label in labels.active(session, self._team_id)}
        learned = trust.for_head(session, self._team_id, self._belief)
        picked = questions.picked(session, self._team_id)
        at_random = [one for one, is_random in picked.items() if is_random][-MESSAGES_MAX:]
        verdicts = answers.verdicts(session, self._team_id, at_random)
        trained = self._trained(session) if refitter.learned else set[str]()
        responses = {
            one: verdict.label_id
            for one in at_random
            if one not in trained and (verdict := verdicts.get(one)) and verdict.label_id in known
        }
        labelled = sorted(learned.keys() - trained)  # ids are random, so the first ones are too
        pool = questions.pool(session, self._team_id, MESSAGES_MAX)
        return FloorMaterial(learned, responses, labelled, pool)

    def _trained(self, session: Session) -> set[str]:
        """The messages that fine-tuned encoders were trained on, which fit far better than what comes next."""
        sides = splits.sides(session, self._team_id)
        return {message_id for message_id, side in sides.items() if side is Side.TRAINING}

    def _made_of(
        self, served: Served, found: FloorMaterial, vectors: Mapping[str, Vectors]
    ) -> dict[str, Any]:
        names = hashlib.sha256(" ".join(sorted(served.head.labels)).encode()).hexdigest()[:16]
        version, mean, is_projected = _space(served)
        return {
            "version": version,
            "mean": mean,
            "projected": is_projected,
            "labels": names,
            "share": self._shares.none,
            "not_offered": self._shares.not_offered,
            "ask_below_margin": self._shares.ask_below_margin,
            "labelled": len(found.labelled),
            "responses": len(found.responses),
            "pool": len(found.pool) if found.basis is Basis.POOL else 0,
            "read": len(vectors),
        }

    def _make(
        self,
        served: Served,
        refitter: Refitter,
        found: FloorMaterial,
        vectors: Mapping[str, Vectors],
        made_of: dict[str, Any],
    ) -> None:
        judged = self._judged(served, refitter, found, vectors)
        offers_at, asked = self._offers(judged, found.responses)
        row = Floor(
            team_id=self._team_id,
            version=served.version,
            at=floor(likeness_of(judged), self._shares.none),
            share=self._shares.none,
            basis=found.basis,
            messages=len(judged),
            made_of=made_of,
            offers_at=offers_at,
            offers_share=self._shares.not_offered,
            questions=asked,
        )
        with self._database.writing() as session:
            floors.keep(session, row)
        log.info(
            "floor made version=%d basis=%s messages=%d questions=%d",
            served.version,
            found.basis.value,
            len(judged),
            asked,
        )

    def _offers(
        self, judged: Mapping[str, HeldOutJudgement], responses: Mapping[str, str]
    ) -> tuple[float | None, int]:
        """How likely a label must be to be offered, and the number of random responses that a question would be about.

        Only these: whoever is asked is asked about what is hard, where a set made of all messages would miss more.
        """
        asked = [
            (one.ranked, responses[message_id])
            for message_id, one in judged.items()
            if message_id in responses and margin(one.ranked) < self._shares.ask_below_margin
        ]
        return likely_enough(asked, self._shares.not_offered)

    def _judged(
        self, served: Served, refitter: Refitter, found: FloorMaterial, vectors: Mapping[str, Vectors]
    ) -> dict[str, HeldOutJudgement]:
        if not vectors:
            return {}
        if found.basis is Basis.POOL:  # the head learned from none of these
            return dict(zip(vectors, judged_by(served.head, np.stack(list(vectors.values()))), strict=True))

        # A projection raises likeness by a tenth, so that folds without it say nothing about a head that has one.
        adapt = head.unadapted if served.head.projection is None else head.adapter_of

        def fit(labels: Mapping[str, str]) -> Head:
            if self.is_stopping():
                raise StoppedError
            return refitter.fit_on(labels, adapt)

        return held_out(found.learned, vectors, fit)


def _space(served: Served) -> tuple[int, str, bool]:
    """The version, the digest of what centres its embeddings, and whether these are projected."""
    mean = b"" if served.head.mean is None else served.head.mean.tobytes()
    return served.version, hashlib.sha256(mean).hexdigest()[:16], served.head.projection is not None


def _is_new(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if any(before.get(name) != value for name, value in now.items() if name not in COUNTED):
        return True
    return any(abs(now[name] - before.get(name, 0)) > GROWTH * before.get(name, 0) for name in COUNTED)
