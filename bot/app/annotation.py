"""The bot's side of annotation: its background work, started and stopped together, and where Argilla calls us."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot.app.continuous import Continuous
from bot.context.health import Trouble
from bot.context.logs import strangers
from bot.context.metrics import Metrics
from bot.context.schedule import Scheduled
from bot.context.settings import TWO, Settings
from bot.context.worker import Worker
from bot.slack.speakers import Speakers
from bot.wording import argilla_text
from learning.annotation.answering import Answering
from learning.annotation.asking import Asking
from learning.annotation.datasets import Datasets, TeamDatasets
from learning.annotation.delivery import RecordDelivery
from learning.annotation.opinions import Opinions
from learning.annotation.suggesting import Refreshing, Suggesting
from learning.annotation.summaries import SummaryReviews
from learning.argilla import schema
from learning.argilla.connection import Access, ArgillaConnection
from learning.argilla.records import DisplayNames
from learning.argilla.schema import DatasetPlan
from learning.argilla.webhooks import ForgedWebhookError, Webhooks
from learning.encoders.encoder import Encoder, title
from learning.heads.champion import Champion
from learning.model_files import hub
from learning.monitoring.estimating import Estimating
from learning.text.masking import Mask
from learning.text.names import markdown_name
from storage.database.engine import Database, DatabaseBusyError
from storage.database.leases import LeaseClaim
from storage.deliveries import outbox
from storage.feedback import labels, questions, responses
from storage.tables.feedback import Panel

log = logging.getLogger(__name__)

# Somebody waits for these, so they go on without pause, and the schedule only shows when they last went well.
CONTINUOUS = argilla_text.WORK


@dataclass(frozen=True)
class Annotation:
    """Everything that talks with Argilla."""

    connection: ArgillaConnection
    workers: list[Worker]
    times: dict[str, Scheduled]
    claims: tuple[LeaseClaim, ...]
    delivery: RecordDelivery
    answering: Answering
    reviews: SummaryReviews
    webhooks: Webhooks | None
    deliver_soon: Callable[[], None]
    fetch_soon: Callable[[], None]
    review_soon: Callable[[], None]
    count_undelivered: Callable[[], int]

    def hear(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook's hint; False where Argilla did not sign it."""
        if self.webhooks is None:
            return False
        try:
            hint = self.webhooks.read(headers, body)
        except ForgedWebhookError as error:
            strangers.warning("webhook not believed reason=%s", error)
            return False
        if hint:
            self.answering.hint(hint.dataset_id, hint.record_id)
            self.review_soon()
            self.fetch_soon()
        return True

    @property
    def is_well(self) -> bool:
        """Did Argilla answer last time?"""
        return self.delivery.patience.is_well and self.answering.patience.is_well

    def failing(self) -> list[Trouble]:
        """Why Argilla does not get what it is owed, and since when."""
        works = self.delivery.patience, self.answering.patience, self.reviews.patience
        return [Trouble("argilla", *failed) for one in works if (failed := one.failing)]

    def close(self) -> None:
        """Give up leases and the webhook, so that another replica, or the next start, begins at once.

        What can't be given up now runs out by itself.
        """
        owners = self.delivery.close, self.answering.close, self.reviews.close
        webhooks = [self.webhooks.close] if self.webhooks else []
        for give_up in (*owners, *webhooks, self.connection.close):
            try:
                give_up()
            except (SQLAlchemyError, DatabaseBusyError) as error:
                log.warning("not given up: %s", type(error).__name__)


def annotate(
    settings: Settings,
    find: Callable[[], Access],
    database: Database,
    team_id: str,
    champion: Champion,
    base: Encoder,
    names: DisplayNames,
    metrics: Metrics,
    mask: Mask,
    on_news: Callable[[], None],
    on_review: Callable[[], None],
    order: Sequence[str] = (),
) -> Annotation:
    """The parts for one team, not started.

    `find` gives Argilla's address once it is known; `order`: the names of labels as the label file has them.
    """
    connection = ArgillaConnection(find)
    names_there = dataset_names(settings, team_id)
    kept = TeamDatasets(
        {
            panel: Datasets(
                connection,
                database,
                team_id,
                settings.argilla_workspace,
                names_there[panel],
                partial(_plan, database, team_id, base, settings, order, panel),
                panel,
            )
            for panel in Panel
        },
        settings.overlap,
    )
    opinions = Opinions(database, team_id, champion)
    suggesting = Suggesting(database, team_id, connection, opinions)
    delivery = RecordDelivery(database, team_id, connection, kept, base, names, suggesting)
    refreshing = Refreshing(database, team_id, connection, opinions, base, kept.forms)

    def deliver_or_refresh() -> float | None:
        pause_s = delivering.step()
        if pause_s == 0.0 or not delivery.patience.is_well or not delivery.claim.is_ours:
            return pause_s
        waits = pause_s, refreshing.step()
        return min((wait_s for wait_s in waits if wait_s is not None), default=None)

    def tell(changed: int) -> None:
        metrics.answers.inc(changed)
        on_news()
        deliver.wake()

    answering = Answering(database, team_id, connection, kept, tell)
    delivering = Continuous(CONTINUOUS[0], delivery.step, delivery.patience, database, team_id)
    collecting = Continuous(CONTINUOUS[1], answering.step, answering.patience, database, team_id)
    deliver = Worker("delivery", deliver_or_refresh, metrics)
    fetch = Worker("answers", collecting.step, metrics)
    asking = Asking(
        database, team_id, champion, settings.query_strategy, settings.ask_per_day, on_asked=deliver.wake
    )
    estimating = Estimating(database, team_id, champion, partial(metrics.measured, team_id))
    reviews = SummaryReviews(
        database,
        team_id,
        connection,
        settings.argilla_workspace,
        f"{names_there[Panel.SINGLE]}-summaries",
        lambda people: Speakers(people, names.person),
        mask,
        on_review,
    )
    reviewing = Continuous(CONTINUOUS[2], reviews.step, reviews.patience, database, team_id)
    review = Worker("summary reviews", reviewing.step, metrics)
    workers = [deliver, fetch, review, Worker("estimating", estimating.step, metrics)]
    webhooks = Webhooks(connection, settings.webhook_url) if settings.webhook_url else None
    if webhooks:
        workers.append(Worker("webhooks", webhooks.step, metrics))
    with database.writing() as session:
        questions.ask_about_earlier_corrections(session, team_id)
    times = {"ask": Scheduled(settings.ask_cron, asking.ask)}
    claims = delivery.claim, answering.claim, reviews.claim
    return Annotation(
        connection,
        workers,
        times,
        claims,
        delivery,
        answering,
        reviews,
        webhooks,
        deliver.wake,
        fetch.wake,
        review.wake,
        partial(_undelivered, database, team_id),
    )


def dataset_names(settings: Settings, team_id: str) -> dict[Panel, str]:
    """Return the names of a team's datasets of messages."""
    name = settings.argilla_dataset or f"slack-{team_id}"
    return {Panel.SINGLE: name, Panel.DOUBLE: f"{name}-twice"}


def _plan(
    database: Database, team_id: str, base: Encoder, settings: Settings, order: Sequence[str], panel: Panel
) -> DatasetPlan:
    with database.reading() as session:
        used = responses.labels_in_use(session, team_id)
        every = labels.every(session, team_id)
    # A retired label stays an option where answers name it: Argilla would not take these otherwise.
    offered = [label for label in every if label.retired_at is None or label.id in used]
    # Versions come and go; reviewers find similar messages by the encoder that all of them are made from.
    encoder = hub.title(title(settings.encoder))
    answers_each, note = settings.argilla_min_submitted, ""
    if panel is Panel.DOUBLE:
        other = markdown_name(dataset_names(settings, team_id)[Panel.SINGLE])
        answers_each, note = max(TWO, answers_each), schema.TWICE.format(name=other)
    return schema.plan(labels.in_order(offered, order), base, encoder, answers_each, note)


def _undelivered(database: Database, team_id: str) -> int:
    with database.reading() as session:
        return outbox.backlog(session, team_id).messages
