"""One workspace of Slack: everything that works for its team, started together, stopped together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.app.annotation import Annotation
from bot.app.summarizing import Summaries
from bot.app.training import TrainingParts
from bot.classification.service import Service
from bot.context.health import Trouble
from bot.context.schedule import Schedule
from bot.context.worker import Worker
from bot.delivery.courier import Courier
from bot.installation.grant import Grant
from bot.operators.notifier import Notes
from bot.questions.label_questions import LabelQuestions
from bot.web_api.reach import Reach

Part = Worker | Schedule
STOP_S = 1.5


class Clients:
    """A workspace's clients of Slack. All have the token that holds now: where tokens are rotated, it changes."""

    def __init__(self, grant: Grant, *clients: WebClient) -> None:
        self._grant = grant
        self._clients = clients
        self.take(grant.token)

    def take(self, token: str) -> None:
        """Use this token from now on."""
        self._token = token
        for client in self._clients:
            client.token = token

    def authorized(self) -> AuthorizeResult:
        """Who we are in this workspace, as Bolt hands it to listeners."""
        return AuthorizeResult(
            enterprise_id=None,
            team_id=self._grant.team_id,
            bot_id=self._grant.bot_id,
            bot_user_id=self._grant.bot_user_id,
            bot_token=self._token,
        )


@dataclass(frozen=True)
class Workspace:
    """All parts of one."""

    grant: Grant
    app: App
    clients: Clients
    workers: list[Part]
    courier: Courier
    service: Service
    annotation: Annotation | None
    training: TrainingParts
    notes: Notes
    label_questions: LabelQuestions
    summarizing: Summaries
    reach: Reach

    def start(self) -> None:
        """Begin the background work."""
        for worker in self.workers:
            worker.start()

    def stop_soon(self) -> None:
        """Begin nothing new."""
        for worker in self.workers:
            worker.stop_soon()

    def stop(self) -> None:
        """Let what was begun end, and close. What still waits is picked up at the next start."""
        with ExitStack() as ending:  # the last one named is the first; one that fails leaves none running
            if self.annotation:
                ending.callback(self.annotation.close)
            ending.callback(self.notes.close)
            ending.callback(self.label_questions.close)
            ending.callback(self.summarizing.close)
            ending.callback(self.training.close)
            ending.callback(self.courier.close, STOP_S)
            for worker in reversed(self.workers):
                ending.callback(worker.stop, STOP_S)
            ending.callback(self.stop_soon)

    def argilla_failing(self) -> list[Trouble]:
        """Why Argilla does not get what it is owed, and since when."""
        return self.annotation.failing() if self.annotation else []

    def slack_failing(self) -> list[Trouble]:
        """Why nothing is delivered to Slack, or to operators, and since when."""
        return [trouble for trouble in (self.reach.trouble(), self.notes.failing()) if trouble]

    def hear_argilla(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take one of Argilla's webhooks; False where it is none that Argilla signed for this workspace."""
        return self.annotation is not None and self.annotation.hear(headers, body)
