"""The workspaces that this process serves: each begins when the app is installed there and ends when it is removed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from slack_bolt import App
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse

from bot.app.workspace import Part, Workspace
from bot.context.health import Trouble
from bot.installation.grant import Grant
from bot.slack import payloads
from bot.slack.payloads import PayloadError

log = logging.getLogger(__name__)

AGAIN_S = 30.0


class Grants(Protocol):
    """Where we may act: by the one token in settings, or wherever the app was installed by OAuth."""

    def grants(self) -> list[Grant]:
        """Every workspace in which we may act now."""

    def meet(self, request: BoltRequest, /) -> bool:
        """Did a request from a workspace that is not served yet tell of a grant?"""

    @property
    def app(self) -> App | None:
        """Who answers for workspaces in which we may not act; None where one answers whatever comes."""


class Workspaces:
    """Finds the one that a request is for. `build` makes a workspace ready to start, and raises one of `faults`."""

    def __init__(
        self, grants: Grants, build: Callable[[Grant], Workspace], faults: tuple[type[Exception], ...]
    ) -> None:
        self._grants = grants
        self._build = build
        self._faults = faults
        self._served: dict[str, Workspace] = {}
        self._not_before: dict[str, float] = {}
        self._not_served: dict[str, Trouble] = {}
        self._turn = threading.Lock()
        self._is_started = False

    def every(self) -> list[Workspace]:
        """Those that are served now."""
        return list(self._served.values())

    def of(self, team_id: str) -> Workspace | None:
        """That of a team, where it is served."""
        return self._served.get(team_id)

    def prepare(self) -> None:
        """Build what may be served, without starting it. Raises one of `faults`."""
        for grant in self._grants.grants():
            self._served[grant.team_id] = self._build(grant)

    def start(self) -> None:
        """Begin the background work of all."""
        with self._turn:  # one that is installed just now is not begun twice
            self._is_started = True
            for workspace in self.every():
                workspace.start()

    def follow(self) -> None:
        """Serve what was granted since, serve no more what was taken away, and use the tokens that hold now."""
        with self._turn:
            granted = {grant.team_id: grant for grant in self._grants.grants()}
            for team_id in self._served.keys() - granted.keys():
                self._end(team_id)
            for team_id in self._not_served.keys() - granted.keys():
                del self._not_served[team_id]
            for grant in granted.values():
                self._serve(grant)

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        """Bolt's answer, of the workspace that a request is for."""
        return self._app(request).dispatch(request)

    def hear_argilla(self, team_id: str | None, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook; False where Argilla did not sign it for this team. None: the only one that is served."""
        heard = self.of(team_id) if team_id else next(iter(self.every()), None)
        return heard is not None and heard.hear_argilla(headers, body)

    @property
    def is_started(self) -> bool:
        """Is background work under way?"""
        return self._is_started

    def workers(self) -> list[Part]:
        """What works in the background in any workspace."""
        return [worker for workspace in self.every() for worker in workspace.workers]

    def degraded(self) -> list[Trouble]:
        """What does not work although messages are stored: Argilla, Slack, and workspaces that can't be served."""
        argilla = [trouble for workspace in self.every() for trouble in workspace.argilla_failing()]
        slack = [trouble for workspace in self.every() for trouble in workspace.slack_failing()]
        return [*argilla, *slack, *self._not_served.copy().values()]

    def stop_soon(self) -> None:
        """Begin nothing new anywhere."""
        self._is_started = False
        for workspace in self.every():
            workspace.stop_soon()

    def stop(self) -> None:
        """End all."""
        with self._turn:
            for team_id in list(self._served):
                self._end(team_id)

    def _app(self, request: BoltRequest) -> App:
        front = self._grants.app
        if front is None:
            return self.every()[0].app
        try:
            team_id = payloads.team_of(request.body)
        except PayloadError:
            return front
        if team_id not in self._served and self._grants.meet(request):
            self.follow()
        served = self.of(team_id)
        return served.app if served else front

    def _serve(self, grant: Grant) -> None:
        served = self._served.get(grant.team_id)
        if served and served.grant == grant:
            served.clients.take(grant.token)
            return
        if not self._is_started or time.monotonic() < self._not_before.get(grant.team_id, 0.0):
            return
        try:
            fresh = self._build(grant)
        except self._faults as error:
            log.error("workspace not served team=%s: %s", grant.team_id, error)
            known = self._not_served.get(grant.team_id)
            since = known.since if known else time.time()
            # Not which: this may be read by those who know nothing of our workspaces.
            self._not_served[grant.team_id] = Trouble("workspace", type(error).__name__, since)
            self._not_before[grant.team_id] = time.monotonic() + AGAIN_S
            return
        self._served[grant.team_id] = fresh
        self._not_served.pop(grant.team_id, None)
        fresh.start()
        log.info("workspace served team=%s", grant.team_id)
        if served:
            served.stop()

    def _end(self, team_id: str) -> None:
        workspace = self._served.pop(team_id)
        workspace.stop()
        log.info("workspace not served any more team=%s", team_id)
