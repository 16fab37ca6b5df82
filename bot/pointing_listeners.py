"""What Bolt hears of the shortcuts *Classify this message* and *Correct this message*."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import correction_view, payloads, pointing_view
from bot.in_words import in_words
from bot.payloads import Json, Pointed, Target
from bot.pointing import FAULTS, NotKeptError, Pointing
from storage.contents import Content

CLASSIFY = "classify_message"
CORRECT = "correct_message"


def register(app: App, pointing: Pointing) -> None:
    """Let `app` hear both."""

    @app.shortcut(CLASSIFY)
    def classify(ack: Ack, body: Json, client: WebClient) -> None:
        pointed = payloads.pointed(body)
        ack()
        _open(client, pointed, lambda: _classified(pointing, pointed))

    @app.shortcut(CORRECT)
    def correct(ack: Ack, body: Json, client: WebClient) -> None:
        pointed = payloads.pointed(body)
        ack()
        _open(client, pointed, lambda: _to_correct(pointing.answer(pointing.find(pointed))))


def _open(client: WebClient, pointed: Pointed, answer: Callable[[], Json]) -> None:
    """At once, for a trigger is good for 3 s; the answer follows."""
    opened = client.views_open(trigger_id=pointed.trigger_id, view=pointing_view.reading())
    try:
        view = answer()
    except FAULTS as error:
        view = pointing_view.fault(in_words(error))
    try:
        client.views_update(view_id=opened["view"]["id"], view=view)
    except SlackApiError as error:
        if error.response.get("error") != "not_found":  # closed meanwhile
            raise


def _classified(pointing: Pointing, pointed: Pointed) -> Json:
    try:
        return pointing_view.answer(pointing.answer(pointing.find(pointed)))
    except NotKeptError as error:
        return pointing_view.glance(pointing.glance(pointed), in_words(error))


def _to_correct(content: Content) -> Json:
    assert content.current is not None
    of = Target(content.message.id, content.message.meaning)
    return correction_view.correction_view(of, content.labels[content.current])
