"""What Bolt hears of the shortcuts *Classify this message* and *Correct this message*."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.classification import correction_modal, shortcut_modals
from bot.classification.shortcut_modals import Looking
from bot.classification.shortcuts import FAULTS, NotKeptError, Pointing
from bot.permissions.errors import in_words
from bot.slack import payloads
from bot.slack.payloads import ButtonTarget, Json, Pointed

CLASSIFY = "classify_message"
CORRECT = "correct_message"


def register(app: App, pointing: Pointing, is_operator: Callable[[str], bool]) -> None:
    """Let `app` hear both. `is_operator` says who sees which version of the model answered."""

    @app.shortcut(CLASSIFY)
    def classify(ack: Ack, body: Json, client: WebClient) -> None:
        pointed = payloads.pointed(body)
        ack()
        _open(client, pointed, lambda: _classified(pointing, pointed, is_operator(pointed.by)))

    @app.shortcut(CORRECT)
    def correct(ack: Ack, body: Json, client: WebClient) -> None:
        pointed = payloads.pointed(body)
        ack()
        _open(client, pointed, lambda: _to_correct(pointing, pointed))


def _open(client: WebClient, pointed: Pointed, answer: Callable[[], Json]) -> None:
    """At once, for a trigger is good for 3 s; the answer follows."""
    opened = client.views_open(trigger_id=pointed.trigger_id, view=shortcut_modals.reading())
    try:
        view = answer()
    except FAULTS as error:
        view = shortcut_modals.fault(in_words(error))
    shortcut_modals.bring(client, opened["view"]["id"], view)


def _classified(pointing: Pointing, pointed: Pointed, sees_version: bool) -> Json:
    try:
        content = pointing.answer(pointing.find(pointed))
        mine = pointing.chosen_by(pointed.by, content.message.id)
        return shortcut_modals.answer(content, Looking(mine, sees_version))
    except NotKeptError as error:
        return shortcut_modals.glance(pointing.glance(pointed), in_words(error))


def _to_correct(pointing: Pointing, pointed: Pointed) -> Json:
    content = pointing.answer(pointing.find(pointed))
    of = ButtonTarget(content.message.id, content.message.meaning)
    mine = pointing.chosen_by(pointed.by, content.message.id)
    return correction_modal.correction_view(of, content.shown, mine)
