"""What Bolt hears about summaries: the shortcut, the three buttons, the modal."""

from __future__ import annotations

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.language.catalogues import N_, _
from bot.permissions.errors import in_words
from bot.slack import payloads
from bot.slack.payloads import Json
from bot.summaries import card as summary_card
from bot.summaries import modal
from bot.summaries.service import NoTextError, SummariesOffError, SummaryService
from storage.summaries.summaries import NothingSaidError, SummaryNotFoundError
from storage.tables.summaries import Opinion

SHORTCUT = "summarize_thread"
UNCHANGED = N_("You have not changed the text. Change it, or close this and press Good if it is right.")


def register(app: App, service: SummaryService) -> None:
    """Let `app` hear what people do with summaries."""
    _hear_shortcut(app, service)
    _hear_words(app, service)
    _hear_edits(app, service)


def _hear_shortcut(app: App, service: SummaryService) -> None:
    @app.shortcut(SHORTCUT)
    def summarize(ack: Ack, body: Json, respond: Respond) -> None:
        chosen = payloads.message_shortcut(body)
        try:
            service.ask_thread(chosen.channel_id, chosen.thread_ts, chosen.user_id)
        except SummariesOffError as error:
            ack()
            _whisper(respond, in_words(error))
            return
        ack()


def _hear_words(app: App, service: SummaryService) -> None:
    def judge(ack: Ack, body: Json, respond: Respond, opinion: Opinion) -> None:
        click = payloads.click(body)
        try:
            service.judge(click.value, click.user_id, opinion, click.once)
        except (SummaryNotFoundError, NothingSaidError) as error:
            ack()
            _whisper(respond, in_words(error))
            return
        ack()
        shown = service.shown(click.value)
        if shown.summary.thread_ts is None:
            respond(replace_original=True, **summary_card.card(shown))

    @app.action(summary_card.GOOD)
    def good(ack: Ack, body: Json, respond: Respond) -> None:
        judge(ack, body, respond, Opinion.GOOD)

    @app.action(summary_card.BAD)
    def bad(ack: Ack, body: Json, respond: Respond) -> None:
        judge(ack, body, respond, Opinion.BAD)

    @app.action(summary_card.UNDO)
    def undo(ack: Ack, body: Json, respond: Respond) -> None:
        judge(ack, body, respond, Opinion.UNDONE)


def _hear_edits(app: App, service: SummaryService) -> None:
    @app.action(summary_card.EDIT)
    def open_modal(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        ack()
        click = payloads.click(body)
        try:
            text = service.text(click.value)
        except SummaryNotFoundError as error:
            _whisper(respond, in_words(error))
            return
        client.views_open(trigger_id=click.trigger_id, view=modal.edit_view(click.value, text))

    @app.view(modal.EDIT_VIEW)
    def edit(ack: Ack, body: Json) -> None:
        sent = payloads.edit_submission(body)
        if sent.mark == modal.mark(sent.text):
            ack(response_action="errors", errors={modal.TEXT: _(UNCHANGED)})
            return
        try:
            service.edit(sent.summary_id, sent.user_id, sent.text, sent.once)
        except (SummaryNotFoundError, NoTextError) as error:
            ack(response_action="errors", errors={modal.TEXT: in_words(error)})
            return
        ack()


def _whisper(respond: Respond, text: str) -> None:
    respond(text, response_type="ephemeral", replace_original=False)
