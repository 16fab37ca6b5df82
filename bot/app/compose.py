"""The wiring: the one place where the parts are built and handed to each other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPException
from typing import TypeVar

from slack_bolt import App
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import RateLimitErrorRetryHandler, RetryHandler

from bot.app import listeners, models
from bot.app.annotation import CONTINUOUS, annotate
from bot.app.background import Learning, Predicting, Swapping
from bot.app.commands import CommandContext
from bot.app.folders import check_folders
from bot.app.summarizing import link, source, summarize
from bot.app.training import encoder_source, train
from bot.app.workspace import STOP_S, Clients, Part, Workspace
from bot.app.workspaces import Workspaces
from bot.classification.attributing import Attributing
from bot.classification.service import MessageWakers, Service
from bot.classification.shortcuts import Pointing
from bot.context.health import HANGS_S, Health, StoreProbe, Trouble
from bot.context.metrics import Metrics
from bot.context.names import SlackNames
from bot.context.reading import mask, reader
from bot.context.schedule import Schedule, Scheduled
from bot.context.settings import Settings, SettingsError
from bot.context.shipped_labels import labels_of
from bot.context.worker import Worker
from bot.delivery.courier import Courier
from bot.home.contents import Home
from bot.home.label_editing import LabelEditing
from bot.installation.grant import Grant
from bot.installation.installations import Installations, OAuth
from bot.language.catalogues import LANGUAGES, Language, SpeakingExecutor
from bot.language.locales import Locales
from bot.operators.channel_watch import ChannelWatch
from bot.operators.digest import Digests
from bot.operators.notifier import Notes
from bot.permissions import operations
from bot.permissions.membership import Membership
from bot.permissions.operations import Operations
from bot.permissions.organization import Organization
from bot.permissions.team_settings import Choices, applied
from bot.privacy.forgetting import Forgetting
from bot.privacy.retention import Retention
from bot.questions.edit_questions import EditQuestions
from bot.questions.label_questions import LabelQuestions
from bot.slack import payloads
from bot.slack.payloads import Json
from bot.transport.admission import Admission
from bot.transport.respond import Dispatch, answering_slack_alone
from bot.transport.socket_mode import SocketConnection
from bot.transport.unfurling import PlainWebClient
from bot.transport.web import Signed, application
from bot.transport.web_server import PortInUseError, WebServer
from bot.web_api.actors import Actors
from bot.web_api.reach import Reach
from bot.web_api.scopes import InstallPage, Scopes
from learning.active.vetting import Vetting
from learning.argilla.connection import Access
from learning.classifying.micro_batches import Classifier
from learning.data.label_file import LabelFileError
from learning.encoders.encoder import EncoderNotFoundError
from learning.model_files.artifacts import ArtifactsUrlError
from learning.serving.hot_swap import Following
from learning.serving.registry import Registry, UnusableVersionError
from learning.text import edits
from learning.writing.language_model import LanguageModelNotFoundError
from storage.database.engine import Database, DatabaseUnavailableError, DatabaseUrlError, open_database
from storage.database.migrate import migrate
from storage.database.purging import Purging
from storage.deliveries.pacing import Pace
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.messages.earlier_texts import EditJudgement
from storage.privacy import team_erasure
from storage.privacy.team_erasure import ErasureUnderWayError
from storage.tables.messages import Lane
from storage.workspaces import team_settings

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

SLACK_TIMEOUT_S = 10
PURGE_S = 60.0
# People wait for an answer while Slack is asked for their language.
LOCALE_TIMEOUT_S = 1
# A gigabyte of a SQLite file is looked through in this time.
CHECK_S = 3.0
# As many as Bolt has by itself.
LISTENERS = 5
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
    ErasureUnderWayError,
    LabelFileError,
    LanguageModelNotFoundError,
    PortInUseError,
    SettingsError,
    SlackRefusedError,
    UnusableVersionError,
)


@dataclass(frozen=True)
class Slack:
    """Where Slack is and what opens it: one workspace (a real one, or that on this machine), or an app to install."""

    api_url: str
    bot_token: str | None
    app_token: str | None
    signing_secret: str | None
    oauth: OAuth | None = None


@dataclass(frozen=True)
class OneGrant:
    """The one workspace whose token is in settings."""

    database: Database
    grant: Grant
    app: None = None

    def grants(self) -> list[Grant]:
        """That one."""
        with self.database.reading() as session:
            return [replace(self.grant, choices=team_settings.of_team(session, self.grant.team_id))]

    def meet(self, _request: BoltRequest) -> bool:
        """There are no others."""
        return False


@dataclass(frozen=True)
class Bot:
    """All parts of one running bot: started together, stopped together."""

    workspaces: Workspaces
    workers: list[Worker]
    server: WebServer
    socket: SocketConnection | None
    database: Database
    metrics: Metrics

    @property
    def workspace(self) -> Workspace:
        """The one whose token is in settings."""
        return self.workspaces.every()[0]

    def start(self) -> None:
        """Serve. Raises PortInUseError, SlackRefusedError."""
        self.server.start()
        if self.socket:
            _ask_slack("SLACK_APP_TOKEN", self.socket.connect)
        self.workspaces.start()
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """Hear nothing more, let what was begun end, close. What still waits is picked up at the next start."""
        with ExitStack() as ending:  # the last one named is the first; one that fails leaves none running
            ending.callback(self.database.close)
            ending.callback(self.workspaces.stop)
            for worker in reversed(self.workers):
                ending.callback(worker.stop, STOP_S)
            ending.callback(self.server.stop)
            if self.socket:
                ending.callback(self.socket.close)
            for worker in self.workers:
                ending.callback(worker.stop_soon)
            ending.callback(self.workspaces.stop_soon)


@dataclass(frozen=True)
class Ground:
    """What all workspaces of a process stand on. `follow`: a workspace has to be built anew; `purge`: the
    worker that has what was erased leave the database's files; `install_page`: where workspaces install the app, if
    they can.
    """

    settings: Settings
    slack: Slack
    argilla: Callable[[], Access] | None
    database: Database
    metrics: Metrics
    specs: Mapping[Language, list[LabelSpec]]
    follow: Callable[[], None]
    purging: Purging
    purge: Worker
    install_page: InstallPage | None


def compose(settings: Settings, slack: Slack, argilla: Callable[[], Access] | None = None) -> Bot:
    """A bot ready to start: database migrated, labels synchronized, encoder loaded, head fitted.

    `argilla` finds the address of reviewers' Argilla when it is first needed; without it nobody is asked, and
    what reviewers should hear of waits in the outbox.

    Raises one of OPERATORS_FAULTS for what an operator has to fix.
    """
    specs = {language: labels_of(settings.labels_in(language)) for language in LANGUAGES}
    check_folders(settings)
    models.prepare(settings)
    database = open_database(settings.database_url.get_secret_value())
    with ExitStack() as undoing:
        undoing.callback(database.close)
        migrate(database)
        database.check_file(CHECK_S)
        metrics, purging = Metrics(), Purging(database)
        purge = Worker("purger", purging.step, metrics)
        page = InstallPage(slack.oauth.redirect_url) if slack.oauth else None
        ground = Ground(settings, slack, argilla, database, metrics, specs, _nothing, purging, purge, page)
        bot = _serve_installations(ground, slack.oauth) if slack.oauth else _serve_one(ground)
        undoing.pop_all()
    return bot


def _serve_one(ground: Ground) -> Bot:
    settings, slack = ground.settings, ground.slack
    client = _client(slack, slack.bot_token, [RateLimitErrorRetryHandler(max_retry_count=1)])
    identity = _ask_slack("SLACK_BOT_TOKEN", client.auth_test)
    grant = Grant(
        str(identity["team_id"]),
        str(identity["user_id"]),
        str(identity["bot_id"]),
        settings.operators,
        slack.bot_token or "",
        enterprise_id=identity.get("enterprise_id"),
    )
    address = str(identity["url"])

    def build(grant: Grant) -> Workspace:
        removed = partial(_removed, grant.team_id)
        return _workspace(replace(ground, follow=follow.wake), grant, address, removed)

    workspaces = Workspaces(OneGrant(ground.database, grant), build, OPERATORS_FAULTS)
    follow = Worker("workspaces", workspaces.follow, ground.metrics)
    workspaces.prepare()
    return _bot(ground, workspaces, [follow], None)


def _serve_installations(ground: Ground, oauth: OAuth) -> Bot:
    installations = Installations(ground.database, oauth, _client(ground.slack, None, []))

    def build(grant: Grant) -> Workspace:
        return _installed(replace(ground, follow=follow.wake), grant, installations.revoke)

    workspaces = Workspaces(installations, build, OPERATORS_FAULTS)
    listeners.register_front(installations.app, ground.metrics, installations.revoke)

    def step() -> None:
        installations.rotate()
        workspaces.follow()

    follow = Worker("installations", step, ground.metrics)
    installations.on_change = follow.wake
    return _bot(ground, workspaces, [follow], installations.app.oauth_flow)


def _bot(ground: Ground, workspaces: Workspaces, workers: list[Worker], flow: OAuthFlow | None) -> Bot:
    slack, settings, metrics = ground.slack, ground.settings, ground.metrics
    metrics.watch(
        lambda: sum(one.service.count_waiting() for one in workspaces.every()),
        lambda: sum(one.service.count_due() for one in workspaces.every()),
        lambda: sum(one.annotation.count_undelivered() for one in workspaces.every() if one.annotation),
        lambda: all(one.annotation.is_well for one in workspaces.every() if one.annotation),
    )
    connect = _client(slack, slack.bot_token, [])
    dispatch = answering_slack_alone(_heard(workspaces.dispatch, ground.install_page), slack.api_url)
    socket = SocketConnection(dispatch, connect, slack.app_token) if slack.app_token else None
    watch = [Worker("socket", socket.watch, metrics, HANGS_S)] if socket else []
    workers = [*workers, ground.purge, *watch]
    health = _health(workspaces, workers, socket, ground.database)
    hear = workspaces.hear_argilla if ground.argilla else None
    signed = None if socket else Signed(dispatch, slack.signing_secret or "")
    server = WebServer(
        settings.host, settings.port, application(signed, flow, metrics, health, hear, settings.host)
    )
    workers.append(Worker("web", server.watch, metrics, HANGS_S))
    return Bot(workspaces, workers, server, socket, ground.database, metrics)


def _heard(dispatch: Dispatch, page: InstallPage | None) -> Dispatch:
    """`dispatch`, from whose requests the address of our page of installation is learned."""

    def heard(request: BoltRequest) -> BoltResponse:
        if page:
            page.hear(request)
        return dispatch(request)

    return heard


def _health(
    workspaces: Workspaces, workers: list[Worker], socket: SocketConnection | None, database: Database
) -> Health:
    since = time.time()

    def unready() -> list[Trouble]:
        lost = socket.failing() if socket else None
        not_serving = [] if workspaces.is_started else [Trouble("bot", "not_serving", since)]
        return [*not_serving, *([lost] if lost else [])]

    def working() -> list[Part]:
        return [*workspaces.workers(), *workers]

    return Health(working, StoreProbe(database.try_to_store), unready, workspaces.degraded)


def _installed(ground: Ground, grant: Grant, revoke: Callable[[Json], None]) -> Workspace:
    """A workspace that installed the app: whoever did that operates it, and its reviewers see nobody else's records."""
    client = _client(ground.slack, grant.token, [RateLimitErrorRetryHandler(max_retry_count=1)])
    address = str(_ask_slack("the token of an installation", client.auth_test)["url"])
    chosen = ground.settings
    of_team = {"argilla_workspace": f"{chosen.argilla_workspace}-{grant.team_id}"}
    if chosen.webhook_url:
        of_team["argilla_webhook_url"] = f"{chosen.webhook_url}/{grant.team_id}"
    return _workspace(replace(ground, settings=chosen.model_copy(update=of_team)), grant, address, revoke)


def _workspace(ground: Ground, grant: Grant, address: str, revoke: Callable[[Json], None]) -> Workspace:
    """All parts for one team, not started. `address`: of the workspace's own pages."""
    slack, database, metrics = ground.slack, ground.database, ground.metrics
    settings = applied(ground.settings, grant.choices)
    masked = mask(settings)
    team_id, bot_user_id = grant.team_id, grant.bot_user_id
    client = _client(slack, grant.token, [RateLimitErrorRetryHandler(max_retry_count=1)])
    posting = _client(slack, grant.token, [])
    asking = _client(slack, grant.token, [], LOCALE_TIMEOUT_S)
    clients = Clients(grant, client, posting, asking)
    reach = Reach(posting)
    locales = Locales(asking, settings.language)
    specs = ground.specs[settings.language]
    with database.writing() as session:
        team_erasure.check(session, team_id)
        changes = labels.synchronize(session, team_id, specs)
    log.info(
        "labels synchronized added=%d changed=%d retired=%d", changes.added, changes.changed, changes.retired
    )

    believed = settings.belief(grant.installers)
    if not believed.operators:
        log.warning(
            "nobody is an operator team=%s: only reviewers and imports vouch for corrections", team_id
        )
    registry = Registry(database, team_id, settings.artifacts, encoder_source(settings), belief=believed)
    following = Following(database, team_id, registry)
    champion = following.champion

    def flagged() -> None:
        show.wake()
        tell.wake()
        tell_reviewers()

    vetting = Vetting(database, team_id, believed, flagged)
    learning = Learning(following, database, team_id, metrics, vetting)
    pace = Pace(settings.posts_per_second, settings.post_burst)
    courier = Courier(database, team_id, bot_user_id, posting, metrics, pace, locales, reach)

    show = Worker("courier", courier.step, metrics, HANGS_S)
    courier.on_due = show.wake
    learn = Worker("refitter", learning.step, metrics)
    learning.is_stopping = lambda: learn.is_stopping
    swapping = Swapping(following, metrics, learning.start_over)

    def relearn() -> None:
        learning.start_over()
        learn.wake()

    def predicting(lane: Lane) -> Predicting:
        classifier = Classifier(database, team_id, champion, settings.ask_below_margin, lane)
        return Predicting(classifier, metrics, show.wake, relearn)

    predict = Worker("predictor", predicting(Lane.HEARD).step, metrics, HANGS_S)
    answer = Worker("answerer", predicting(Lane.ASKED).step, metrics, HANGS_S)

    def settle() -> None:
        show.wake()
        learn.wake()

    summarizing = summarize(
        settings,
        database,
        team_id,
        bot_user_id,
        address,
        registry.artifacts,
        registry.base,
        client,
        posting,
        metrics,
        masked,
        locales,
        pace,
        reach,
    )
    names = SlackNames(client, database, team_id, settings.argilla_names)
    annotation = (
        annotate(
            settings,
            ground.argilla,
            database,
            team_id,
            champion,
            registry.base,
            names,
            metrics,
            masked,
            settle,
            summarizing.show_soon,
            [spec.name for spec in specs],
        )
        if ground.argilla
        else None
    )
    tell_reviewers = annotation.deliver_soon if annotation else _nothing
    summarizing.service.on_word = annotation.review_soon if annotation else _nothing
    wakers = MessageWakers(
        predict.wake,
        answer.wake,
        show.wake,
        learn.wake,
        learning.start_over,
        tell_reviewers,
        ground.purge.wake,
        lambda: attribute.wake(),
    )

    def judge(before: str, after: str) -> EditJudgement:
        return edits.judge(before, after, champion.served.encoder.tokenizer.knows)

    actors = Actors(posting)
    service = Service(
        database,
        team_id,
        metrics,
        wakers,
        summarizing.service,
        reader(masked),
        grant.bot_id,
        actors.known,
        judge,
    )
    attributing = Attributing(database, team_id, actors.kind, service.settle, metrics, reach)
    attribute = Worker("attributor", attributing.step, metrics, HANGS_S)
    scopes = Scopes(client, ground.install_page)
    to_message = partial(link, address)
    questions = EditQuestions(posting, locales, to_message)
    notes = Notes(
        database,
        team_id,
        posting,
        settings.ops_channel,
        settings.language,
        reach,
        scopes,
        questions,
        to_message,
    )
    watch = ChannelWatch(database, team_id, posting, settings.ops_channel, reach)
    per_day = settings.label_questions_per_day
    label_questions = LabelQuestions(database, team_id, posting, locales, reach, to_message, per_day)

    def keep_up() -> float | None:
        waits = (notes.step(), watch.step(), telling.hasten(), label_questions.step())
        return min((wait_s for wait_s in waits if wait_s is not None), default=None)

    tell = Worker("notes", keep_up, metrics, HANGS_S)
    watch.on_change = courier.on_given_up = summarizing.courier.on_given_up = tell.wake
    label_questions.on_change = service.on_reply = tell.wake
    swap = Worker("swapper", swapping.step, metrics)

    def change() -> None:
        swap.wake()
        tell.wake()

    training = train(settings, database, team_id, registry, following, metrics, change, show.wake)
    forgetting = Forgetting(database, team_id, service.erased)
    retention = Retention(database, team_id, settings.retention_cron, settings.timezone, service.erased)

    def retain() -> None:
        retention.let_go()
        ground.purging.purge_patiently(PURGE_S)  # at night a large file may be rewritten too

    telling = Digests(
        database,
        team_id,
        client,
        SlackNames(client, database, team_id, "real").person,
        bot_user_id,
        settings.digest_cron,
        settings.timezone,
        settings.language,
        reach,
    )
    regular = {
        "retention": Scheduled(settings.retention_cron, retain),
        "digest": Scheduled(settings.digest_cron, telling.tell),
    }
    times = {**training.times, **regular, **(annotation.times if annotation else {})}
    claims = [*training.claims, *summarizing.claims, *(annotation.claims if annotation else ())]
    schedule = Schedule(database, team_id, times, metrics, settings.timezone, kept=CONTINUOUS, claims=claims)

    def settle_and_tell() -> None:
        settle()
        tell_reviewers()

    def deliver_again() -> None:
        show.wake()
        summarizing.show_soon()
        tell.wake()

    operators = operations.OperationWakers(
        training.begin_soon, swap.wake, tell.wake, settle_and_tell, deliver_again
    )
    operating = Operations(
        database, team_id, (*grant.installers, *settings.operators), operators, source(settings)
    )
    app = App(
        client=_client(slack, None, [RateLimitErrorRetryHandler(max_retry_count=1)]),
        signing_secret=slack.signing_secret or "",
        before_authorize=Admission(),
        authorize=lambda: clients.authorized(),  # Bolt would hand a method its `self` twice
        attaching_conversation_kwargs_enabled=False,  # it reads events as those of assistants, which we are none of
        listener_executor=SpeakingExecutor(LISTENERS, thread_name_prefix="listener"),
    )
    pointing = Pointing(database, team_id, champion, bot_user_id, reader(masked), answer.wake)
    reviewing = settings.argilla_page if ground.argilla else None
    home = Home(database, team_id, operating, reviewing, to_message, scopes, settings.agreement_in)
    choosing = Choices(database, team_id, ground.settings, operating, ground.follow)
    editing = LabelEditing(database, team_id, operating, specs, learn.wake)
    desk = CommandContext(
        service,
        operating,
        summarizing.service,
        pointing,
        forgetting,
        retention,
        Membership(operating),
        Organization(asking, team_id, grant.enterprise_id),
        actors,
        telling,
        home,
        choosing,
        editing,
        watch,
        label_questions,
        settings.timezone,
        scopes,
        settings.language,
        settings.ops_channel,
    )
    listeners.register(app, desk, bot_user_id, metrics, locales, revoke)
    workers: list[Part] = [
        predict,
        answer,
        show,
        learn,
        swap,
        tell,
        attribute,
        *training.workers,
        *summarizing.workers,
        schedule,
    ]
    workers += annotation.workers if annotation else []
    return Workspace(
        grant,
        app,
        clients,
        workers,
        courier,
        service,
        annotation,
        training,
        notes,
        label_questions,
        summarizing,
        reach,
    )


def _removed(team_id: str, body: Json) -> None:
    """Tell what ends a bot with one token; tokens of people, and other teams, are not its own. Raises PayloadError."""
    withdrawn = payloads.withdrawn_from(body)
    if team_id in withdrawn or (not withdrawn and payloads.removed_from(body)):
        log.error("the app was removed from Slack: install it again and set its new SLACK_BOT_TOKEN")


def _nothing() -> None:
    """Nobody to tell."""


def _client(
    slack: Slack, token: str | None, retries: list[RetryHandler], timeout_s: int = SLACK_TIMEOUT_S
) -> WebClient:
    """A client that tries again as `retries` say, instead of after any lost connection as by default."""
    return PlainWebClient(token=token, base_url=slack.api_url, timeout=timeout_s, retry_handlers=retries)


def _ask_slack(setting: str, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except SlackApiError as error:
        answer = error.response
        raise SlackRefusedError(setting, str(answer.get("error") or f"status {answer.status_code}")) from None
    except (SlackClientError, BoltError, OSError, HTTPException) as error:
        raise SlackRefusedError(setting, f"no answer: {type(error).__name__}") from None
