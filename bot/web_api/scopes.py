"""What the app may do at Slack. An installation lacks the scopes that the app has asked for only since it was made."""

from __future__ import annotations

import logging
import math
import threading
import time
from urllib.parse import urlsplit

from slack_bolt.request import BoltRequest
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.language.catalogues import N_, _
from bot.slack.shapes import Json
from learning.text.linear import Pattern

log = logging.getLogger(__name__)

# Each scope of slack-manifest.yaml, and what does not work without it.
WITHOUT = {
    "app_mentions:read": N_("I don't hear mentions"),
    "channels:history": N_("I hear nothing in public channels"),
    "channels:read": N_("nobody can turn me on in public channels"),
    "chat:write": N_("I can't answer"),
    "commands": N_("`/corrigible` does not work"),
    "files:write": N_("digests and training notes have no picture"),
    "groups:history": N_("I hear nothing in private channels"),
    "groups:read": N_("nobody can turn me on in private channels"),
    "im:history": N_("I hear no direct messages"),
    "mpim:history": N_("I hear nothing but mentions in group direct messages"),
    "mpim:read": N_("nobody can turn me on in group direct messages"),
    "reactions:read": N_("quiet mode is off: I don't hear reactions"),
    "reactions:write": N_("quiet mode is off: I can't react"),
    "users:read": N_("I don't know users' names and languages, and corrections by reaction don't count"),
}
SCOPES = tuple(WITHOUT)
QUIET = ("reactions:read", "reactions:write", "users:read")
HEADER = "x-oauth-scopes"
KEPT_S = 60.0
AGAIN_S = 1.0
APPS = "https://api.slack.com/apps"
HOST = Pattern(r"(?:[a-z0-9.-]{1,255}|\[[0-9a-f:]{2,45}\])(?::[0-9]{1,5})?")
HERE = {"127.0.0.1", "localhost", "::1"}


class InstallPage:
    """Where the app is installed by OAuth: settings say it, or else where Slack's signed requests arrive."""

    def __init__(self, redirect_url: str | None) -> None:
        found = urlsplit(redirect_url or "")
        self._origin = f"{found.scheme}://{found.netloc}" if found.netloc else None
        self._is_fixed = self._origin is not None

    @property
    def address(self) -> str | None:
        """The page, if it is known."""
        return f"{self._origin}/slack/install" if self._origin else None

    def hear(self, request: BoltRequest) -> None:
        """Learn the address from a request of Slack's."""
        host = (request.headers.get("host") or [""])[0].lower()
        if self._is_fixed or not HOST.fullmatch(host):
            return
        scheme = "http" if urlsplit(f"//{host}").hostname in HERE else "https"
        self._origin = f"{scheme}://{host}"


class Scopes:
    """Those of one installation, as Slack tells them with each answer."""

    def __init__(self, client: WebClient, install_page: InstallPage | None) -> None:
        """`install_page`: where the app is installed; None if it belongs to one workspace."""
        self._client = client
        self._install_page = install_page
        self._turn = threading.Lock()
        self._known: frozenset[str] | None = None
        self._asked_at = -math.inf

    def lacking(self, kept_s: float | None = None) -> list[str]:
        """The scopes that the installation lacks, as Slack said no longer ago than this; none if Slack says nothing."""
        kept_s = KEPT_S if kept_s is None else kept_s
        with self._turn:
            if time.monotonic() - self._asked_at >= kept_s:
                self._known, self._asked_at = self._ask(), time.monotonic()
            known = self._known
        return [] if known is None else [scope for scope in SCOPES if scope not in known]

    def lacks(self, *needed: str) -> str | None:
        """The first of these scopes that the installation lacks, or None."""
        lacking = self.lacking()
        return next((scope for scope in needed if scope in lacking), None)

    def told(self) -> str:
        """What is lacking, what does not work, and where to allow it, as mrkdwn; empty if nothing is lacking."""
        lacking = self.lacking() and self.lacking(AGAIN_S)  # somebody may just have allowed it
        if not lacking:
            return ""
        parts = [f"`{scope}` ({_(WITHOUT[scope])})" for scope in lacking]
        what = _("Slack does not allow me everything I need: {scopes}.").format(scopes=", ".join(parts))
        return f"{what} {self._how()}"

    def _how(self) -> str:
        if self._install_page is None:
            return _(
                "Paste the latest `slack-manifest.yaml` into your <{address}|app's> *App Manifest*, then choose "
                "*Install App → Reinstall to Workspace*."
            ).format(address=APPS)
        if address := self._install_page.address:
            return _("<{address}|Authorize me again>.").format(address=address)
        return _("Authorize me again at `/slack/install` of my address.")

    def _ask(self) -> frozenset[str] | None:
        try:
            answer = self._client.auth_test()
        except (SlackClientError, OSError) as error:
            log.info("Slack tells no scopes reason=%s", type(error).__name__)
            return self._known
        found = {name.lower(): value for name, value in (answer.headers or {}).items()}
        granted = found.get(HEADER)
        return frozenset(granted.replace(" ", "").split(",")) if granted else self._known


def needed_in(channel: Json) -> tuple[str]:
    """The scope for hearing what is said in a channel, which is shown as by conversations.info."""
    if channel.get("is_mpim"):
        return ("mpim:history",)
    return ("groups:history",) if channel.get("is_private") else ("channels:history",)
