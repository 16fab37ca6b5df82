"""The bot's side of retraining: its background work and its times, wired in one place."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bot.app.summarizing import source
from bot.context.metrics import Metrics
from bot.context.schedule import Scheduled
from bot.context.settings import Settings
from bot.context.worker import Worker
from learning.classifying import task as classification
from learning.classifying.task import Classification
from learning.engines.gpu import CUDA, has_gpu
from learning.evaluation.gate import GateLimits
from learning.monitoring.drifting import Drifting
from learning.monitoring.dueling import Budget, Dueling
from learning.monitoring.floors import Floors, Shares
from learning.monitoring.noticing import Noticing
from learning.monitoring.watching import Watching
from learning.serving.hot_swap import Following
from learning.serving.registry import PROCESSOR, EncoderSource, Registry
from learning.serving.switching import Switching
from learning.summary_training import task as summarization
from learning.summary_training.gate import SummaryLimits
from learning.summary_training.recipe import SummaryRecipe
from learning.summary_training.task import Summarization
from learning.training.process import TrainingProcess
from learning.training.retraining import Retraining
from learning.training.triggers import Triggers
from storage.database.engine import Database
from storage.database.leases import LeaseClaim

log = logging.getLogger(__name__)

# A look is a few milliseconds, and over as soon as operators were told.
LANGUAGES_CRON = "*/15 * * * *"


@dataclass(frozen=True)
class TrainingParts:
    """Everything that makes new versions and judges them."""

    workers: list[Worker]
    times: dict[str, Scheduled]
    claims: tuple[LeaseClaim, ...]
    retraining: Retraining
    dueling: Dueling
    floors: Floors
    switching: Switching
    begin_soon: Callable[[], None]

    def close(self) -> None:
        """Stop training and give up leases; the next owner goes on."""
        self.retraining.close()
        self.dueling.close()
        self.floors.close()
        self.switching.close()


@dataclass(frozen=True)
class Tasks:
    """What a team's models are for."""

    classification: Classification
    summarization: Summarization


def tasks(settings: Settings, database: Database, team_id: str, registry: Registry) -> Tasks:
    """The tasks of a team, as the trainer sees them."""
    summaries = summarization.SummarizationTerms(
        threads=settings.training_threads,
        holdout_share=settings.holdout_share,
        limits=SummaryLimits(),
        recipe=SummaryRecipe.from_json(settings.summary_recipe),
        belief=registry.belief,
        report_to=settings.report_to,
    )
    return Tasks(
        Classification(database, team_id, registry, terms(settings)),
        Summarization(database, team_id, registry.artifacts, registry.base, source(settings), summaries),
    )


def retrainer(
    settings: Settings,
    database: Database,
    team_id: str,
    registry: Registry,
    of: Tasks,
    on_change: Callable[[], None],
) -> Retraining:
    """The owner of a team's training process, for all its tasks."""
    both = (of.classification, of.summarization)
    start = partial(TrainingProcess, threads=settings.training_threads, models_url=settings.models_url)
    return Retraining(database, team_id, both, registry.artifacts, settings.workplace, start, on_change)


def encoder_source(settings: Settings) -> EncoderSource:
    """The encoder that settings name, on the device that is there: a GPU, or by ONNX Runtime on the processor."""
    named = EncoderSource(settings.encoder, settings.encoder_max_tokens, settings.threads)
    if settings.engine == "torch":
        return named
    device = CUDA if settings.engine == "auto" and has_gpu() else PROCESSOR
    return replace(named, exports=settings.kept_exports, device=device)


def terms(settings: Settings) -> classification.ClassificationTerms:
    """What settings say of training classifiers."""
    limits = GateLimits(
        margin=settings.gate_margin,
        label_drop=settings.gate_label_drop,
        calibration=settings.gate_calibration,
        latency=settings.gate_latency,
    )
    return classification.ClassificationTerms(
        threads=settings.training_threads,
        holdout_share=settings.holdout_share,
        limits=limits,
        recipe=settings.recipe,
        report_to=settings.report_to,
    )


def train(
    settings: Settings,
    database: Database,
    team_id: str,
    registry: Registry,
    following: Following,
    metrics: Metrics,
    on_change: Callable[[], None],
    on_asked: Callable[[], None],
) -> TrainingParts:
    """The parts for one team, not started. `on_change`: a run or a ruling is to be told of; `on_asked`: a card is."""
    found = tasks(settings, database, team_id, registry)
    retraining = retrainer(settings, database, team_id, registry, found, on_change)
    begin = Worker("retraining", retraining.step, metrics)
    triggers = Triggers(
        database, team_id, found.classification, settings.retrain_after_labels, "labels", begin.wake
    )
    of_summaries = Triggers(
        database, team_id, found.summarization, settings.retrain_after_summaries, "summaries", begin.wake
    )

    def due() -> None:
        triggers.due()
        of_summaries.due()

    dueling = Dueling(
        database,
        team_id,
        registry,
        Budget(settings.duel_per_day, settings.ask_per_day, settings.duel_most),
        on_asked,
        on_change,
    )
    watching = Watching(
        database,
        team_id,
        settings.watch_tolerance,
        60 * settings.watch_settle_minutes,
        registry.belief,
        on_change,
    )
    drifting = Drifting(database, team_id, following.champion, triggers.drifted)
    shares = Shares(settings.max_wrong_none, settings.max_not_offered, settings.ask_below_margin)
    floors = Floors(database, team_id, following, shares, registry.belief)
    switching = Switching(database, team_id, registry, on_change)
    switch = Worker("switching", switching.step, metrics)

    def begin_soon() -> None:
        begin.wake()
        switch.wake()

    times = {
        "retrain": Scheduled(settings.retrain_cron, due),
        "drift": Scheduled(settings.drift_cron, drifting.look),
        "languages": Scheduled(LANGUAGES_CRON, Noticing(database, team_id, on_change).look),
    }
    flooring = Worker("floors", floors.step, metrics)
    floors.is_stopping = lambda: flooring.is_stopping
    workers = [
        begin,
        Worker("triggers", triggers.step, metrics),
        Worker("triggers of summaries", of_summaries.step, metrics),
        Worker("dueling", dueling.step, metrics),
        Worker("watching", watching.step, metrics),
        flooring,
        switch,
    ]
    claims = retraining.claim, dueling.claim, floors.claim, switching.claim
    return TrainingParts(workers, times, claims, retraining, dueling, floors, switching, begin_soon)
