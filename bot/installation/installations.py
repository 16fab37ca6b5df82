"""Installations by OAuth: where the app was installed, with which token, and by whom.

Bolt's own flow and stores; only the tokens are sealed before they are stored (`bot/installation/token_encryption.py`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from slack_bolt import App
from slack_bolt.authorization.authorize import InstallationStoreAuthorize
from slack_bolt.oauth.callback_options import SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_bolt.request import BoltRequest
from slack_sdk import WebClient
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.token_rotation import TokenRotator
from sqlalchemy import ColumnElement, Text, and_, inspect, or_, select
from sqlalchemy.exc import DBAPIError

from bot.installation.grant import Grant
from bot.installation.oauth import STATE_S, InstallFlow, SignedStates
from bot.installation.token_encryption import (
    OF_INSTALLATION,
    SealedInstallationStore,
    UnreadableTokenError,
    seal,
)
from bot.slack import payloads
from bot.slack.payloads import Json, PayloadError
from bot.transport.admission import Admission
from bot.web_api.scopes import SCOPES
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.workspaces import organizations, team_settings

log = logging.getLogger(__name__)

ROTATE_MINUTES = 120
AGAIN_S = 60.0


@dataclass(frozen=True)
class OAuth:
    """What makes us the app at Slack. `redirect_url`: where it sends people back; None for the one set there."""

    client_id: str
    client_secret: str = field(repr=False)
    signing_secret: str = field(repr=False)
    authorize_url: str
    redirect_url: str | None


class Installations:
    """Those of one app. `client` has no token of its own."""

    def __init__(self, database: Database, oauth: OAuth, client: WebClient) -> None:
        self._database = database
        self._oauth = oauth
        self._rotator = TokenRotator(
            client_id=oauth.client_id, client_secret=oauth.client_secret, client=client
        )
        self._claim = LeaseClaim(database, "rotation of tokens")
        self._plain = SQLAlchemyInstallationStore(oauth.client_id, database.engine)
        self._states = SignedStates(database, oauth.client_secret)
        self._create_tables()
        self._store = SealedInstallationStore(self._plain, seal(oauth.client_secret))
        self._not_before: dict[tuple[str | None, str | None], float] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.app = self._app(client)

    def grants(self) -> list[Grant]:
        """Every workspace in which we may act now. Raises nothing for an installation that can't be read."""
        found: list[Grant] = []
        for enterprise_id, team_id in self._where():
            bot = self._bot(enterprise_id, team_id)
            if bot is None:
                continue
            with self._database.reading() as session:
                teams = [team_id] if team_id else organizations.teams(session, str(enterprise_id))
            found += [self._grant(bot, team) for team in teams]
        return list({grant.team_id: grant for grant in found}.values())

    def rotate(self) -> None:
        """Take new tokens for those that expire soon; of several replicas one does it."""
        for enterprise_id, team_id in self._where():
            bot = self._bot(enterprise_id, team_id)
            if bot is None or not _expires_soon(bot) or not self._claim.hold():
                continue
            self._rotate(bot, (enterprise_id, team_id))

    def meet(self, request: BoltRequest) -> bool:
        """Does a request come from a workspace that we did not know to be in an organization with the app?

        Slack signed it: nothing else comes here.
        """
        try:
            team_id, enterprise_id = payloads.team_of(request.body), payloads.enterprise_of(request.body)
        except PayloadError:
            return False
        if enterprise_id is None or self._bot(enterprise_id, None) is None:
            return False
        with self._database.writing() as session:
            organizations.meet(session, team_id, enterprise_id)
        return True

    def revoke(self, body: Json) -> None:
        """Honour `tokens_revoked` and `app_uninstalled`: the token is forgotten; `team_access_revoked`: an organization
        takes the app out of some of its workspaces. Raises PayloadError.
        """
        if withdrawn := payloads.withdrawn_from(body):
            with self._database.writing() as session:
                organizations.leave(session, withdrawn)
            log.info("app withdrawn teams=%s", ",".join(withdrawn))
            self.on_change()
            return
        removed = payloads.removed_from(body)
        if removed is None:
            return
        enterprise_id, team_id = removed
        self._store.delete_all(enterprise_id=enterprise_id, team_id=team_id)
        log.info("app removed team=%s enterprise=%s", team_id, enterprise_id)
        self.on_change()

    def close(self) -> None:
        """Let another replica rotate."""
        self._claim.give_up()

    def _where(self) -> list[tuple[str | None, str | None]]:
        bots = self._plain.bots.c
        chosen = select(bots.enterprise_id, bots.team_id).where(bots.client_id == self._oauth.client_id)
        with self._database.engine.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(chosen.distinct())]

    def _bot(self, enterprise_id: str | None, team_id: str | None) -> Bot | None:
        try:
            return self._store.find_bot(enterprise_id=enterprise_id, team_id=team_id)
        except UnreadableTokenError as error:
            log.error("team=%s enterprise=%s: %s", team_id, enterprise_id, error)
            return None

    def _grant(self, bot: Bot, team_id: str) -> Grant:
        by = self._plain.installations.c
        there = and_(by.enterprise_id == bot.enterprise_id, by.team_id == bot.team_id)
        installers = _installers(self._plain, there)
        with self._database.reading() as session:
            wishes = team_settings.of_team(session, team_id)
        return Grant(
            team_id, bot.bot_user_id, bot.bot_id, installers, bot.bot_token, wishes, bot.enterprise_id
        )

    def _rotate(self, bot: Bot, where: tuple[str | None, str | None]) -> None:
        if time.monotonic() < self._not_before.get(where, 0.0):
            return
        try:
            fresh = self._rotator.perform_bot_token_rotation(
                bot=bot, minutes_before_expiration=ROTATE_MINUTES
            )
        except (SlackTokenRotationError, OSError) as error:
            log.error("token not rotated team=%s enterprise=%s reason=%s", *where, type(error).__name__)
            self._not_before[where] = time.monotonic() + AGAIN_S
            return
        if fresh:
            self._store.save_bot(fresh)
            log.info("token rotated team=%s enterprise=%s", *where)

    def _create_tables(self) -> None:
        """Bolt's tables, with room for sealed tokens. Of replicas that start together one is first."""
        for table in (self._plain.bots, self._plain.installations):
            for name in OF_INSTALLATION:
                if name in table.c:
                    table.c[name].type = Text()
        try:
            self._plain.metadata.create_all(self._database.engine)
        except DBAPIError:
            known = inspect(self._database.engine).get_table_names()
            if any(name not in known for name in self._plain.metadata.tables):
                raise

    def _installed(self, args: SuccessArgs) -> None:
        """Serve the workspace, and keep of its earlier installations only who else installed it."""
        installed, plain = args.installation, self._plain
        for table, more in ((plain.bots, {}), (plain.installations, {"user_id": installed.user_id})):
            same = {"enterprise_id": installed.enterprise_id, "team_id": installed.team_id, **more}
            these = and_(
                table.c.client_id == self._oauth.client_id,
                *(table.c[name] == value for name, value in same.items()),
            )
            latest = select(table.c.id).where(these).order_by(table.c.installed_at.desc(), table.c.id.desc())
            with self._database.engine.begin() as connection:
                connection.execute(table.delete().where(these, table.c.id.not_in(latest.limit(1))))
        self.on_change()

    def _app(self, client: WebClient) -> App:
        """Bolt's own app for what belongs to no workspace yet: its pages of installation, and Slack's checks."""

        settings = OAuthSettings(
            client_id=self._oauth.client_id,
            client_secret=self._oauth.client_secret,
            scopes=SCOPES,
            redirect_uri=self._oauth.redirect_url,
            authorization_url=self._oauth.authorize_url,
            installation_store=self._store,
            state_store=self._states,
            state_expiration_seconds=STATE_S,
        )
        settings.authorize = InstallationStoreAuthorize(
            logger=log,
            client_id=self._oauth.client_id,
            client_secret=self._oauth.client_secret,
            client=client,  # Bolt's own would rotate tokens at slack.com, wherever Slack is
            installation_store=self._store,
        )
        flow = InstallFlow(client, settings, self._installed)
        return App(
            client=client,
            signing_secret=self._oauth.signing_secret,
            oauth_flow=flow,
            before_authorize=Admission(),
            attaching_conversation_kwargs_enabled=False,
        )


def installed_by(database: Database, client_id: str | None, team_id: str) -> tuple[str, ...]:
    """Who installed the app in a workspace, or in its organization."""
    if client_id is None:
        return ()
    plain = SQLAlchemyInstallationStore(client_id, database.engine)
    if not inspect(database.engine).has_table(plain.installations.name):
        return ()
    with database.reading() as session:
        organization = organizations.of(session, team_id)
    by = plain.installations.c
    by_organization = and_(by.team_id.is_(None), by.enterprise_id == organization)
    return _installers(plain, or_(by.team_id == team_id, by_organization))


def _installers(plain: SQLAlchemyInstallationStore, there: ColumnElement[bool]) -> tuple[str, ...]:
    """Who installed the app."""
    by = plain.installations.c
    chosen = select(by.user_id).where(by.client_id == plain.client_id, there)
    with plain.engine.connect() as connection:
        return tuple(sorted({str(row[0]) for row in connection.execute(chosen)}))


def _expires_soon(bot: Bot) -> bool:
    return (
        bot.bot_token_expires_at is not None and bot.bot_token_expires_at < time.time() + 60 * ROTATE_MINUTES
    )
