"""The bot's side of summaries, wired in one place: who makes them, who shows them, what people can do with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.history import History
from bot.metrics import Metrics
from bot.names import SlackNames
from bot.settings import Settings
from bot.summarizing import Summarizing
from bot.summary_courier import SummaryCourier
from bot.summary_service import SummaryService
from bot.worker import Worker
from learning.encoder import Encoder
from learning.summarizing import language_model
from learning.summarizing.choosing import Choosing
from learning.summarizing.process import WritingProcess
from learning.summarizing.summarizer import Summarizer
from storage.database import Database
from storage.leases import Claim
from storage.tables import Message

# Instead of a model's name: sentences are picked.
NONE = "none"


@dataclass(frozen=True)
class Summaries:
    """Everything about summaries."""

    service: SummaryService
    summarizing: Summarizing
    workers: list[Worker]
    claims: tuple[Claim, ...]
    show_soon: Callable[[], None]

    def close(self) -> None:
        """End what is under way; it is made anew at the next start."""
        self.summarizing.close()


def summarize(
    settings: Settings,
    database: Database,
    team_id: str,
    bot_user_id: str,
    address: str,
    encoder: Callable[[], Encoder],
    client: WebClient,
    posting: WebClient,
    metrics: Metrics,
) -> Summaries:
    """The parts for one team, not started. `address`: of its workspace; `posting`: a client that never retries."""
    names = SlackNames(client, database, team_id, "real")
    writing = _writing(settings)
    service = SummaryService(
        database,
        team_id,
        names.person,
        lambda message: link(address, message),
        lambda: make.wake(),
        lambda: show.wake(),
    )
    courier = SummaryCourier(database, team_id, service, posting, metrics)
    choosing = Choosing(database, team_id)

    def compose_summarizer() -> Summarizer:
        served = encoder()
        return Summarizer(served, choosing.picker(served), writing, settings.summary_seconds)

    summarizing = Summarizing(
        database,
        team_id,
        History(database, team_id, bot_user_id, posting),
        compose_summarizer,
        writing,
        names.person,
        metrics,
        lambda: show.wake(),
    )
    make = Worker("summaries", summarizing.step, metrics)
    show = Worker("summary cards", courier.step, metrics)
    return Summaries(service, summarizing, [make, show], (summarizing.claim,), show.wake)


def _writing(settings: Settings) -> WritingProcess | None:
    if settings.summarizer == NONE or (not settings.summarizer and not language_model.is_installed()):
        return None
    return WritingProcess(settings.summarizer, settings.threads, settings.encoder)


def link(address: str, message: Message) -> str:
    """The address of a message, as Slack's own *Copy link* writes it."""
    place = f"{address.rstrip('/')}/archives/{message.channel_id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        return f"{place}?thread_ts={message.thread_ts}&cid={message.channel_id}"
    return place
