"""The bot's side of summaries, wired in one place: who makes them, who shows them, what people can do with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.context.metrics import Metrics
from bot.context.names import SlackNames
from bot.context.reading import reader
from bot.context.settings import Settings
from bot.context.worker import Worker
from bot.language.locales import Locales
from bot.summaries.courier import SummaryCourier
from bot.summaries.history import History
from bot.summaries.service import SummaryService
from bot.summaries.worker import Summarizing
from bot.web_api.reach import Reach
from learning.encoders.encoder import Encoder
from learning.model_files.artifacts import Artifacts
from learning.summary_training.serving import NONE, Serving, SummarizerSource
from learning.text.masking import Mask
from learning.writing.language_model import INSTALLED
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.deliveries.pacing import Pace
from storage.tables.messages import Message


@dataclass(frozen=True)
class Summaries:
    """Everything about summaries."""

    service: SummaryService
    summarizing: Summarizing
    workers: list[Worker]
    claims: tuple[LeaseClaim, ...]
    show_soon: Callable[[], None]
    courier: SummaryCourier

    def close(self) -> None:
        """End what is under way; it is made anew at the next start."""
        self.summarizing.close()


def summarize(
    settings: Settings,
    database: Database,
    team_id: str,
    bot_user_id: str,
    address: str,
    artifacts: Artifacts,
    encoder: Encoder,
    client: WebClient,
    posting: WebClient,
    metrics: Metrics,
    mask: Mask,
    locales: Locales,
    pace: Pace,
    reach: Reach,
) -> Summaries:
    """The parts for one team, not started. `address`: of its workspace; `posting`: a client that never retries."""
    names = SlackNames(client, database, team_id, "real")
    service = SummaryService(
        database,
        team_id,
        names.person,
        lambda message: link(address, message),
        mask,
        lambda: make.wake(),
        lambda: show.wake(),
    )
    courier = SummaryCourier(database, team_id, service, posting, metrics, locales, pace, reach)
    summarizing = Summarizing(
        database,
        team_id,
        History(database, team_id, bot_user_id, posting, reader(mask), reach),
        Serving(database, team_id, artifacts, encoder, source(settings)),
        names.person,
        metrics,
        lambda: show.wake(),
    )
    make = Worker("summaries", summarizing.step, metrics)
    show = Worker("summary cards", courier.step, metrics)
    return Summaries(service, summarizing, [make, show], (summarizing.claim,), show.wake, courier)


def source(settings: Settings) -> SummarizerSource:
    """What settings say of summaries: unless they name a model that writes, sentences are picked."""
    named = settings.summarizer or NONE
    model = None if named == INSTALLED else named
    return SummarizerSource(model, settings.encoder, settings.threads, settings.summary_seconds)


def link(address: str, message: Message) -> str:
    """The address of a message, as Slack's own *Copy link* writes it."""
    place = f"{address.rstrip('/')}/archives/{message.channel_id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        return f"{place}?thread_ts={message.thread_ts}&cid={message.channel_id}"
    return place
