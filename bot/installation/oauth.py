"""Bolt's pages of installation, so that strangers who open them leave nothing behind and hold nobody up.

A state is signed instead of stored: opening `/slack/install` writes nothing, however often. Bolt binds it to the
browser by a cookie; we note that it was used when the browser comes back.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence

from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.oauth.state_store import OAuthStateStore
from sqlalchemy.exc import SQLAlchemyError

from bot.context.logs import strangers
from storage.database.engine import Database, DatabaseBusyError
from storage.workspaces import used_states

STATE_S = 600
PURPOSE = b"corrigible: states of installations"
# Each asks Slack, which may take ten seconds: threads are left for Slack's own requests.
CALLBACKS = 3
PLACE = re.compile(r"[TE][A-Z0-9]{1,30}")
# What Bolt and we say of a failure; Slack's own words come from the address bar.
REASONS = {
    "access_denied",
    "invalid_browser",
    "invalid_code",
    "invalid_state",
    "missing_code",
    "slack_unreachable",
    "storage_error",
}


class SignedStates(OAuthStateStore):
    """States that say themselves until when they hold. Each is used once."""

    def __init__(self, database: Database, client_secret: str) -> None:
        self._database = database
        self._key = hmac.digest(client_secret.encode(), PURPOSE, hashlib.sha256)

    def issue(self, *_: object, **__: object) -> str:
        """A new state; nothing is stored."""
        told = f"{int(time.time()) + STATE_S}.{secrets.token_hex(16)}"
        return f"{told}.{self._sign(told)}"

    def consume(self, state: str) -> bool:
        """Use a state; False if we did not issue it, or it has expired or was used."""
        told, _, signature = state.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(told).encode()):
            return False
        expires_at, _, nonce = told.partition(".")
        now = time.time()
        if now >= float(expires_at):
            return False
        try:
            with self._database.writing() as session:
                return used_states.use(session, nonce, float(expires_at), now)
        except (SQLAlchemyError, DatabaseBusyError) as error:
            strangers.warning("state not used error=%s", type(error).__name__)
            return False

    def _sign(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()


class InstallFlow(OAuthFlow):
    """Bolt's flow; a few callbacks at a time, and what fails outside of us is a page as well."""

    def __init__(
        self, client: WebClient, settings: OAuthSettings, succeed: Callable[[SuccessArgs], None]
    ) -> None:
        quiet = logging.getLogger(f"{__name__}.bolt")
        quiet.setLevel(logging.ERROR)  # its warnings quote Slack's codes
        super().__init__(client=client, logger=quiet, settings=settings)
        self._succeed = succeed
        self._turns = threading.BoundedSemaphore(CALLBACKS)
        self.success_handler, self.failure_handler = self._succeeded, self._failed
        settings.callback_options = CallbackOptions(success=self._succeeded, failure=self._failed)

    def build_authorize_url(self, state: str, request: BoltRequest) -> str:
        """Slack's page; a `team` that is none is left out, because Bolt would put it there as it is."""
        places = [one for one in request.query.get("team", ()) if PLACE.fullmatch(one)]
        return self.settings.authorize_url_generator.generate(state, places[0] if places else None)

    def handle_callback(self, request: BoltRequest) -> BoltResponse:
        """Install what Slack's page allowed."""
        if not self._turns.acquire(blocking=False):
            text = "Others are installing the app just now. Wait a moment, and reload this page."
            headers: dict[str, str | Sequence[str]] = {
                "content-type": "text/plain; charset=utf-8",
                "retry-after": "5",
            }
            return BoltResponse(status=503, body=text, headers=headers)
        try:
            return super().handle_callback(request)
        except (SlackClientError, OSError):
            return self._failed(self._args(request, "slack_unreachable"))
        except (SQLAlchemyError, DatabaseBusyError):
            return self._failed(self._args(request, "storage_error"))
        finally:
            self._turns.release()

    def _args(self, request: BoltRequest, reason: str) -> FailureArgs:
        return FailureArgs(
            request=request,
            reason=reason,
            suggested_status_code=503,
            settings=self.settings,
            default=self.default_callback_options,
        )

    def _succeeded(self, args: SuccessArgs) -> BoltResponse:
        self._succeed(args)
        return args.default.success(args)

    def _failed(self, args: FailureArgs) -> BoltResponse:
        reason = args.reason if args.reason in REASONS else "other"
        strangers.info("not installed reason=%s", reason)
        return args.default.failure(args)
