"""What Bolt hears of the App Home: that somebody opened it, and its buttons."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.home import held_view, modals
from bot.home import view as home_view
from bot.home.contents import Home
from bot.home.label_editing import LabelEditing
from bot.language.catalogues import _
from bot.operators import language_notice
from bot.permissions.errors import in_words
from bot.permissions.operations import FAULTS
from bot.permissions.organization import Organization
from bot.permissions.team_settings import Choices
from bot.slack import payloads
from bot.slack.payloads import Actor, Json
from bot.web_api import refusals
from learning.model_files import multilingual
from storage.tables.feedback import Fate

log = logging.getLogger(__name__)


def register(
    app: App, home: Home, choices: Choices, editing: LabelEditing, organization: Organization
) -> None:
    """Let `app` hear them."""

    def publish(client: WebClient, user_id: str, notice: str) -> None:
        _publish(client, home, user_id, notice)

    modals.register(app, choices, editing, publish)

    @app.event("app_home_opened")
    def opened(body: Json, client: WebClient) -> None:
        user_id = payloads.home_opened(body)
        # An event is acknowledged before this: Slack may have to be asked who that is.
        if user_id and organization.has(Actor(user_id, None)):
            _publish(client, home, user_id)

    @app.action(home_view.RETRAIN)
    def retrain(ack: Ack, body: Json, client: WebClient) -> None:
        by = payloads.clicker(body)
        ack()
        _operate(
            client,
            home,
            by,
            lambda: home.operations.retrain(by),
            _("Training started. You can follow it below."),
        )

    @app.action(language_notice.HOME_SWITCH)
    def switch(ack: Ack, body: Json, client: WebClient) -> None:
        by, trigger_id = payloads.clicker(body), payloads.trigger(body)
        ack()
        if home.operations.is_operator(by) and not multilingual.is_available():
            client.views_open(trigger_id=trigger_id, view=language_notice.installation())
            return
        _operate(
            client,
            home,
            by,
            lambda: home.operations.switch_encoder(multilingual.NAME, by),
            language_notice.asked(),
        )

    @app.action(home_view.ROLL_BACK)
    def roll_back(ack: Ack, body: Json, client: WebClient) -> None:
        click = payloads.click(body)
        by, number = click.user_id, click.number
        ack()
        done = _("v{version} is out of service.").format(version=number)
        _operate(client, home, by, lambda: home.operations.roll_back_from(number, by), done)

    def decide(body: Json, client: WebClient, fate: Fate, done: str) -> None:
        click = payloads.click(body)
        by, (burst_id, _sign, seen) = click.user_id, click.value.partition(":")
        _operate(client, home, by, lambda: home.operations.decide_burst(burst_id, seen, fate, by), done)

    @app.action(held_view.KEEP)
    def keep(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        decide(body, client, Fate.KEPT, _("These corrections count again."))

    @app.action(held_view.DISCARD)
    def discard(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        decide(body, client, Fate.DISCARDED, _("These corrections are discarded. I won't learn from them."))


def _operate(client: WebClient, home: Home, by: str, do: Callable[[], object], done: str) -> None:
    try:
        home.operations.check(by)
        do()
        notice = done
    except FAULTS as error:
        notice = in_words(error)
    _publish(client, home, by, notice)


def _publish(client: WebClient, home: Home, user_id: str, notice: str = "") -> None:
    view = home_view.home_view(home.look(user_id), home.argilla_url, notice)
    try:
        client.views_publish(user_id=user_id, view=view)
    except refusals.FAULTS as error:  # not tried again: whoever looks opens it again
        log.warning("home not shown reason=%s", refusals.of(error, 0).reason)
