"""Dueling: the challenger runs in shadow beside the champion, and people are asked where the two disagree."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from learning.data import trust
from learning.evaluation import duel
from learning.heads.champion import Served
from learning.heads.refit import Refitter
from learning.serving.registry import Registry, UnusableVersionError
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.feedback import questions, resolution
from storage.feedback.resolution import State
from storage.messages import messages
from storage.models import disagreements, predictions, runs, versions
from storage.tables.models import Decision, Dispute, Grounds, Phase, Prediction, Ruling, Run

log = logging.getLogger(__name__)

DAY_S = 86_400.0
STEP_S = 2.0
BATCH = 16
SOURCE = "disagreement"
# A question about a message of long ago is spam.
ASKED_WITHIN_S = DAY_S
# A day's budget is spent in portions, so that the evening's messages have a chance too.
PORTIONS = 5


@dataclass(frozen=True)
class Budget:
    """How many disagreements a day people in Slack, and reviewers, are asked about, and how many for one duel."""

    people_per_day: int
    reviewers_per_day: int
    most: int


class Dueling:
    """Owns a team's duel; one replica does, by a lease. The challenger's answers are never shown."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        registry: Registry,
        budget: Budget,
        on_asked: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._registry = registry
        self._budget = budget
        self._on_asked = on_asked
        self._on_change = on_change
        self.claim = LeaseClaim(database, f"duel {team_id}")
        self._challenger: tuple[str, Refitter, Served] | None = None
        self._state: State | None = None
        self._since = 0.0

    def step(self) -> float | None:
        """Compare the two on what was predicted since, ask, and decide; None where no challenger runs in shadow."""
        with self._database.reading() as session:
            run = runs.in_shadow(session, self._team_id)
        if run is None or run.version is None or not self.claim.hold():
            self._challenger = None
            return None
        try:
            challenger = self._prepare(run, run.version)
        except UnusableVersionError as error:
            self._rule(run, Decision.REFUSE, str(error), Grounds.SWAP, {})
            return STEP_S
        more = self._compare(run, challenger)
        self._ask(run)
        self._decide(run)
        return 0.0 if more else STEP_S

    def close(self) -> None:
        """Let another replica go on at once."""
        self.claim.give_up()

    # In shadow

    def _prepare(self, run: Run, number: int) -> Served:
        """The challenger as it would serve: its head learns from what people say, like the champion's."""
        if self._challenger is None or self._challenger[0] != run.id:
            refitter = self._registry.load(number)
            self._registry.check(number, refitter)
            refitter.read_again()
            self._challenger = run.id, refitter, refitter.serve()
            self._since = self._resume(run)
        with self._database.reading() as session:
            state = resolution.state(session, self._team_id)
        run_id, refitter, served = self._challenger
        if state != self._state:
            refitter.read_again()
            served = refitter.serve(served)
            self._challenger = run_id, refitter, served
            self._state = state
        return served

    def _resume(self, run: Run) -> float:
        with self._database.reading() as session:
            known = [one.created_at for one in disagreements.of_run(session, run.id)]
            [*_, ruling] = versions.of_run(session, run.id)
        return max([ruling.made_at, *known])

    def _compare(self, run: Run, challenger: Served) -> bool:
        """Rank what was predicted since with the challenger too; is there more?"""
        with self._database.reading() as session:
            said = predictions.since(session, self._team_id, self._since, BATCH)
            texts = messages.texts(session, [one.message_id for one in said])
        if not said:
            return False
        read = [one for one in said if texts.get(one.message_id)]
        rankings = challenger.rank([texts[one.message_id] for one in read])
        with self._database.writing() as session:
            for one, ranking in zip(read, rankings, strict=True):
                # Where no label fits, people would have to choose between two that are wrong.
                if one.is_none or one.version == challenger.version:
                    continue
                if ranking.label_id != one.label_id:
                    disagreements.note(session, _dispute(run, one, ranking.label_id))
        self._since = said[-1].created_at
        return len(said) == BATCH

    # Asking

    def _ask(self, run: Run) -> None:
        now = time.time()
        with self._database.reading() as session:
            waiting = disagreements.unasked(session, run.id, now - ASKED_WITHIN_S)
            free = self._free(session, now)
        if not waiting or not free:
            return
        with self._database.writing() as session:
            for dispute in waiting[:free]:
                disagreements.ask(session, dispute)
            left = self._free_reviewers(session, now)
            for dispute in waiting[:left]:
                questions.ask(session, self._team_id, dispute.message_id, SOURCE, is_random=False)
        self._on_asked()

    def _free(self, session: Session, now: float) -> int:
        """How many questions people in Slack may be asked now."""
        portion = math.ceil(self._budget.people_per_day / PORTIONS)
        today = disagreements.asked_since(session, self._team_id, now - DAY_S)
        lately = disagreements.asked_since(session, self._team_id, now - DAY_S / PORTIONS)
        return max(0, min(self._budget.people_per_day - today, portion - lately))

    def _free_reviewers(self, session: Session, now: float) -> int:
        return max(
            0, self._budget.reviewers_per_day - questions.asked(session, self._team_id, now - DAY_S).total
        )

    # Deciding

    def _decide(self, run: Run) -> None:
        with self._database.reading() as session:
            contested = disagreements.of_run(session, run.id)
            believed = trust.admitted(session, self._team_id, self._registry.belief).labels
        tally = disagreements.tally(contested, believed)
        standing = duel.decide(tally.won, tally.lost, tally.asked, self._budget.most)
        if standing.decision is Decision.GO_ON:
            if tally.asked and standing.reason != run.stage:
                with self._database.writing() as session:
                    runs.tell(session, run.id, stage=standing.reason)
                self._on_change()
            return
        figures = {
            "won": tally.won,
            "lost": tally.lost,
            "asked": tally.asked,
            "evidence": standing.evidence_for,
        }
        self._rule(run, standing.decision, standing.reason, Grounds.DUEL, figures)

    def _rule(
        self, run: Run, decision: Decision, reason: str, grounds: Grounds, figures: dict[str, float]
    ) -> None:
        ended = Phase.PROMOTED if decision is Decision.PROMOTE else Phase.REFUSED
        with self._database.writing() as session:
            standing = runs.in_shadow(session, self._team_id)
            if standing is None or standing.id != run.id:
                return  # a person was quicker
            runs.end(session, run.id, ended, reason)
            versions.rule(
                session,
                Ruling(
                    team_id=self._team_id,
                    run_id=run.id,
                    challenger=int(run.version or 0),
                    champion=versions.in_service(session, self._team_id) or 0,
                    grounds=grounds,
                    decision=decision,
                    reason=reason,
                    figures=figures,
                ),
            )
        log.info("duel decided run=%s decision=%s", run.id, decision)
        self._on_change()


def _dispute(run: Run, said: Prediction, label_id: str) -> Dispute:
    return Dispute(
        run_id=run.id,
        message_id=said.message_id,
        team_id=said.team_id,
        champion_label=said.label_id,
        challenger_label=label_id,
    )
