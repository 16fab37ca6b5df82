"""The wiring: the one place where the parts are built and handed to each other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import TypeVar

from slack_bolt import App
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import RateLimitErrorRetryHandler, RetryHandler

from bot import listeners, operations
from bot.annotation import CONTINUOUS, Annotation, annotate
from bot.background import Learning, Predicting, Swapping
from bot.commands import Desk
from bot.courier import Courier
from bot.forgetting import Forgetting
from bot.home import Home
from bot.metrics import Metrics
from bot.names import SlackNames
from bot.notes import Notes
from bot.operations import Operations
from bot.pointing import Pointing
from bot.schedule import Schedule, Scheduled
from bot.service import Service, Wakers
from bot.settings import Settings, SettingsError
from bot.socket_mode import SocketConnection
from bot.summaries import Summaries, summarize
from bot.training import Training, train
from bot.web import PortInUseError, WebServer, application
from bot.worker import Worker
from learning.annotation.connection import Access
from learning.artifacts import Artifacts, ArtifactsUrlError
from learning.classification import Classifier
from learning.encoder import EncoderNotFoundError
from learning.following import Following
from learning.label_file import LabelFileError, read_label_file
from learning.registry import Registry, Source, UnusableVersionError
from storage import labels
from storage.database import Database, DatabaseUnavailableError, DatabaseUrlError, open_database
from storage.migrate import migrate
from storage.pacing import Pace

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Part = Worker | Schedule

SLACK_TIMEOUT_S = 10
STOP_S = 1.5
AGAIN = "Copy the token again from your app's page at Slack, and install the app anew where it was removed"
HINTS = {
    "invalid_auth": AGAIN,
    "not_authed": AGAIN,
    "account_inactive": AGAIN,
    "token_revoked": AGAIN,
    "token_expired": AGAIN,
    "missing_scope": "Create the app from slack-manifest.yaml, so that it has every scope",
    "not_allowed_token_type": "SLACK_APP_TOKEN is the app-level token (xapp-…), with the scope connections:write",
}


class SlackRefusedError(RuntimeError):
    """Slack does not let us in, or can't be reached."""

    def __init__(self, setting: str, reason: str) -> None:
        hint = HINTS.get(reason, "Check SLACK_API_URL and the network, then start again")
        super().__init__(f"Slack did not accept {setting} ({reason}). {hint}.")


OPERATORS_FAULTS = (
    ArtifactsUrlError,
    DatabaseUnavailableError,
    DatabaseUrlError,
    EncoderNotFoundError,
    LabelFileError,
    PortInUseError,
    SettingsError,
    SlackRefusedError,
    UnusableVersionError,
)


@dataclass(frozen=True)
class Slack:
    """Where Slack is and what opens it: a real workspace, or the one on this machine."""

    api_url: str
    bot_token: str
    app_token: str | None
    signing_secret: str | None


@dataclass(frozen=True)
class Health:
    """Which parts are well."""

    workers: list[Part]
    socket: SocketConnection | None
    database: Database

    def parts(self) -> dict[str, bool]:
        """Each part's name, and whether it is well."""
        parts = {worker.name: worker.is_alive for worker in self.workers}
        parts["database"] = self.database.answers()
        return parts | ({"slack": self.socket.is_connected} if self.socket else {})


@dataclass(frozen=True)
class Bot:
    """All parts of one running bot: started together, stopped together."""

    workers: list[Part]
    courier: Courier
    server: WebServer
    socket: SocketConnection | None
    database: Database
    service: Service
    metrics: Metrics
    annotation: Annotation | None
    training: Training
    notes: Notes
    summarizing: Summaries

    def start(self) -> None:
        """Serve. Raises PortInUseError, SlackRefusedError."""
        self.server.start()
        if self.socket:
            _ask_slack("SLACK_APP_TOKEN", self.socket.connect)
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """Hear nothing more, let what was begun end, close. What still waits is picked up at the next start."""
        for worker in self.workers:
            worker.stop_soon()
        if self.socket:
            self.socket.close()
        self.server.stop()
        for worker in self.workers:
            worker.stop(STOP_S)
        self.courier.close(STOP_S)
        self.training.close()
        self.summarizing.close()
        self.notes.close()
        if self.annotation:
            self.annotation.close()
        self.database.close()


def compose(settings: Settings, slack: Slack, argilla: Callable[[], Access] | None = None) -> Bot:
    """A bot ready to start: database migrated, labels synchronized, encoder loaded, head fitted.

    `argilla` finds the address of reviewers' Argilla when it is first needed; without it nobody is asked, and
    what reviewers should hear of waits in the outbox.

    Raises one of OPERATORS_FAULTS for what an operator has to mend.
    """
    specs = read_label_file(settings.labels_file)
    database = open_database(settings.database_url.get_secret_value())
    migrate(database)
    client = _client(slack, [RateLimitErrorRetryHandler(max_retry_count=1)])
    identity = _ask_slack("SLACK_BOT_TOKEN", client.auth_test)
    team_id, bot_user_id = str(identity["team_id"]), str(identity["user_id"])
    with database.writing() as session:
        changes = labels.synchronize(session, team_id, specs)
    log.info(
        "labels synchronized added=%d changed=%d retired=%d", changes.added, changes.changed, changes.retired
    )

    metrics = Metrics()
    registry = Registry(database, team_id, _artifacts(settings), _source(settings))
    following = Following(database, team_id, registry)
    champion = following.champion
    learning = Learning(following, database, team_id, metrics)
    classifier = Classifier(database, team_id, champion, settings.ask_below_margin)
    pace = Pace(settings.posts_per_second, settings.post_burst)
    courier = Courier(database, team_id, bot_user_id, _client(slack, []), metrics, pace)

    show = Worker("courier", courier.step, metrics)
    courier.on_free = show.wake
    learn = Worker("refitter", learning.step, metrics)
    swapping = Swapping(following, metrics, learning.start_over)

    def relearn() -> None:
        learning.start_over()
        learn.wake()

    predict = Worker("predictor", Predicting(classifier, metrics, show.wake, relearn).step, metrics)

    def settle() -> None:
        show.wake()
        learn.wake()

    posting = _client(slack, [])
    summarizing = summarize(
        settings,
        database,
        team_id,
        bot_user_id,
        str(identity["url"]),
        registry.artifacts,
        registry.base,
        client,
        posting,
        metrics,
    )
    names = SlackNames(client, database, team_id, settings.argilla_names)
    annotation = (
        annotate(
            settings,
            argilla,
            database,
            team_id,
            champion,
            registry.base,
            names,
            metrics,
            settle,
            summarizing.show_soon,
        )
        if argilla
        else None
    )
    tell_reviewers = annotation.deliver_soon if annotation else _nothing
    summarizing.service.on_word = annotation.review_soon if annotation else _nothing
    wakers = Wakers(predict.wake, show.wake, learn.wake, learning.start_over, tell_reviewers)
    service = Service(database, team_id, metrics, wakers, summarizing.service)
    notes = Notes(database, team_id, client, settings.ops_channel)
    tell = Worker("notes", notes.step, metrics)
    swap = Worker("swapper", swapping.step, metrics)

    def change() -> None:
        swap.wake()
        tell.wake()

    training = train(settings, database, team_id, registry, champion, metrics, change, show.wake)
    forgetting = Forgetting(database, team_id, service.erased)
    nightly = {"retention": Scheduled(settings.retention_cron, forgetting.let_go)}
    times = {**training.times, **nightly, **(annotation.times if annotation else {})}
    claims = [*training.claims, *summarizing.claims, *(annotation.claims if annotation else ())]
    schedule = Schedule(database, team_id, times, metrics, settings.timezone, kept=CONTINUOUS, claims=claims)
    operators = operations.Wakers(training.begin_soon, swap.wake, tell.wake)
    operating = Operations(database, team_id, settings.operators, operators)
    metrics.watch(service.count_waiting, service.count_due)

    app = App(client=client, signing_secret=slack.signing_secret or "", token_verification_enabled=False)
    pointing = Pointing(database, team_id, champion, bot_user_id, predict.wake)
    home = Home(database, team_id, operating, settings.argilla_page if argilla else None)
    desk = Desk(service, operating, summarizing.service, pointing, forgetting, home, settings.timezone)
    listeners.register(app, desk, bot_user_id, metrics)
    socket = SocketConnection(app, slack.app_token) if slack.app_token else None
    workers: list[Part] = [
        predict,
        show,
        learn,
        swap,
        tell,
        *training.workers,
        *summarizing.workers,
        schedule,
    ]
    workers += [Worker("socket", socket.watch, metrics)] if socket else []
    workers += annotation.workers if annotation else []
    health = Health(workers, socket, database)
    hear = annotation.hear if annotation else None
    routes = application(None if socket else app, metrics, health.parts, hear)
    server = WebServer(settings.host, settings.port, routes)
    return Bot(
        workers, courier, server, socket, database, service, metrics, annotation, training, notes, summarizing
    )


def _artifacts(settings: Settings) -> Artifacts:
    return Artifacts(settings.models_url, settings.workplace / "cache")


def _source(settings: Settings) -> Source:
    return Source(settings.encoder, settings.encoder_max_tokens, settings.threads)


def _nothing() -> None:
    """Nobody to tell."""


def _client(slack: Slack, retries: list[RetryHandler]) -> WebClient:
    """A client that tries again as `retries` say, instead of after any lost connection as by default."""
    return WebClient(
        token=slack.bot_token, base_url=slack.api_url, timeout=SLACK_TIMEOUT_S, retry_handlers=retries
    )


def _ask_slack(setting: str, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except SlackApiError as error:
        answer = error.response
        raise SlackRefusedError(setting, str(answer.get("error") or f"status {answer.status_code}")) from None
    except (SlackClientError, BoltError, OSError, HTTPException) as error:
        raise SlackRefusedError(setting, f"no answer: {type(error).__name__}") from None
