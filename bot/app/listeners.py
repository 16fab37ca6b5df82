"""What Bolt hears: each listener opens the payload, calls one use case and answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.app import commands
from bot.app.commands import CommandContext
from bot.classification import card, correction_modal, shortcut_listeners, shortcut_modals
from bot.classification.service import Service, UnknownMessageError
from bot.context.metrics import Metrics
from bot.home import listeners as home_listeners
from bot.language.catalogues import N_, _, speak
from bot.language.locales import Locales
from bot.operators import language_notice, run_notes
from bot.operators.channel_watch import ChannelWatch
from bot.permissions.errors import in_words
from bot.permissions.operations import FAULTS as OPERATING_FAULTS
from bot.permissions.operations import Operations
from bot.permissions.organization import Organization
from bot.privacy import forgetting_view, retention_listeners
from bot.privacy.forgetting import Forgetting
from bot.questions import listeners as question_listeners
from bot.slack import payloads
from bot.slack.mrkdwn import as_plain_name
from bot.slack.payloads import ButtonTarget, Click, Deleted, Edited, Json, MessagePosted
from bot.summaries import listeners as summary_listeners
from bot.transport.admission import is_malformed, refused
from bot.transport.respond import ForeignAddressError
from bot.wording import channel_words
from learning.model_files import multilingual
from learning.text.names import visible
from storage.feedback.corrections import EditedSinceError, NothingToUndoError
from storage.feedback.labels import RetiredLabelError, TooManyProposalsError, TooManyProposalsOfAllError

log = logging.getLogger(__name__)

ANYTHING = re.compile(".*", re.DOTALL)
CORRECTING_FAULTS = (
    UnknownMessageError,
    RetiredLabelError,
    TooManyProposalsError,
    TooManyProposalsOfAllError,
)
STRANGER = N_("Only people of the organization that runs me can do this. Nothing was changed.")
NOT_READ = N_(
    "An app posted this in your name, so I did not read it. `/corrigible on reply including workflows` lets me read "
    "such posts in this channel."
)
FAILED = N_("That did not work, and nothing was changed. Please try again in a moment.")


def register(
    app: App,
    desk: CommandContext,
    bot_user_id: str,
    metrics: Metrics,
    locales: Locales,
    revoke: Callable[[Json], None],
) -> None:
    """Let `app` hear everything that Slack sends us. `revoke` takes the news that the app was removed."""
    service, operations = desk.service, desk.operations
    _speak(app, locales)
    _refuse_strangers(app, desk.organization, metrics)
    _hear_limits(app, desk.watch, metrics)
    _hear_messages(app, desk, bot_user_id, metrics, locales)
    _hear_channels(app, desk.watch, bot_user_id, metrics)
    _hear_reactions(app, service, bot_user_id, metrics)
    _hear_clicks(app, service)
    _hear_modal(app, service)
    _hear_command(app, desk)
    summary_listeners.register(app, desk.summaries)
    shortcut_listeners.register(app, desk.pointing, operations.is_operator)
    home_listeners.register(app, desk.home, desk.choices, desk.editing, desk.organization)
    _hear_operators(app, operations)
    _hear_forgetting(app, desk.forgetting)
    question_listeners.register(app, desk.questions)
    retention_listeners.register(app, desk.retention, desk.membership, desk.language)
    hear_removal(app, revoke)
    _hear_the_rest(app, metrics)
    _answer_for_errors(app, metrics)


def _speak(app: App, locales: Locales) -> None:
    """Whoever clicks, commands or opens something is answered in their language."""

    @app.middleware
    def listen(body: Json, next: Callable[[], None]) -> None:
        reader = payloads.reader(body)
        speak(lambda: locales.language(reader))  # Slack may have to be asked, and waits for us meanwhile
        next()


def _refuse_strangers(app: App, organization: Organization, metrics: Metrics) -> None:
    """People of another organization, whom a shared channel lets in, see what we post but can do nothing with it."""

    @app.middleware
    def check(body: Json, ack: Ack, respond: Respond, next: Callable[[], None]) -> BoltResponse | None:
        actor = payloads.actor(body)
        if actor is None or organization.has(actor):
            next()
            return None
        log.info("stranger refused kind=%s team=%s", body.get("type"), actor.team_id)
        metrics.events.labels("stranger").inc()
        if body.get("type") == "view_submission":
            return ack(response_action="update", view=shortcut_modals.fault(_(STRANGER)))
        if body.get("type") == "block_suggestion":
            return ack(options=[])
        if body.get("response_url"):
            respond(_(STRANGER), response_type="ephemeral", replace_original=False)
        return ack()


def register_front(app: App, metrics: Metrics, revoke: Callable[[Json], None]) -> None:
    """Let `app` answer for the workspaces in which we may not act."""
    _hear_limits(app, None, metrics)
    hear_removal(app, revoke)
    _answer_for_errors(app, metrics)


def hear_removal(app: App, revoke: Callable[[Json], None]) -> None:
    """Let `app` hear that it may act in a workspace no more: that is noted before it is acknowledged."""

    def note(body: Json, next: Callable[[], Any]) -> None:
        revoke(body)
        next()

    for kind in ("app_uninstalled", "tokens_revoked", "team_access_revoked"):
        app.event(kind, middleware=[note])(_acknowledged)


def _hear_limits(app: App, watch: ChannelWatch | None, metrics: Metrics) -> None:
    """Let `app` hear that Slack withholds events, of which it tells by no event."""

    @app.middleware
    def hear(body: Json, next: Callable[[], None]) -> BoltResponse | None:
        minute = payloads.rate_limited_minute(body)
        if minute is None:
            next()
            return None
        metrics.events.labels("app_rate_limited").inc()
        if watch:
            watch.limited(minute)
        return BoltResponse(status=200, body="")


def _hear_channels(app: App, watch: ChannelWatch, bot_user_id: str, metrics: Metrics) -> None:
    def store(body: Json, next: Callable[[], Any]) -> None:
        metrics.events.labels(body["event"]["type"]).inc()
        change = payloads.channel_event(body, bot_user_id)
        if change:
            watch.hear(change)
        next()

    for kind in payloads.OF_CHANNELS:
        app.event(kind, middleware=[store])(_acknowledged)


def _hear_messages(
    app: App, desk: CommandContext, bot_user_id: str, metrics: Metrics, locales: Locales
) -> None:
    service = desk.service

    def store(body: Json, next: Callable[[], Any]) -> None:
        # Bolt acknowledges before a listener runs, but after this: what is acknowledged is stored.
        metrics.events.labels(body["event"]["type"]).inc()
        change = payloads.channel_event(body, bot_user_id)
        if change:
            desk.watch.hear(change)
        heard = payloads.message_event(body, bot_user_id)
        if isinstance(heard, MessagePosted):
            service.receive(heard)
        if isinstance(heard, Edited):
            service.edit(heard.said)
        if isinstance(heard, Deleted):
            service.erase(heard)
        next()

    def explain(body: Json, client: WebClient) -> None:
        """Say to a user whose app mentioned us why nothing follows: to them alone, so that no app answers."""
        heard = payloads.message_event(body, bot_user_id)
        asker = service.asker(heard) if isinstance(heard, MessagePosted) else None
        if isinstance(heard, MessagePosted) and asker and desk.actors.is_user(asker):
            speak(lambda: locales.language(asker))
            client.chat_postEphemeral(channel=heard.channel_id, user=asker, text=_(NOT_READ))

    app.event("message", middleware=[store])(_acknowledged)
    app.event("app_mention", middleware=[store])(explain)


def _hear_reactions(app: App, service: Service, bot_user_id: str, metrics: Metrics) -> None:
    def store(body: Json, next: Callable[[], Any]) -> None:
        metrics.events.labels(body["event"]["type"]).inc()
        reacted = payloads.reaction_event(body, bot_user_id)
        if reacted:
            service.reactions.react(reacted)
        next()

    for kind in ("reaction_added", "reaction_removed"):
        app.event(kind, middleware=[store])(_acknowledged)


def _hear_clicks(app: App, service: Service) -> None:
    @app.action(card.RIGHT)
    @app.action(re.compile(rf"^{card.CHOOSE}_\d+$"))
    def settle(ack: Ack, body: Json, respond: Respond) -> None:
        click = payloads.click(body)
        of = payloads.target(click.value)
        try:
            service.confirm_or_choose(click.team_id, click.user_id, of, of.label_id, click.once)
        except (UnknownMessageError, RetiredLabelError, EditedSinceError) as error:
            ack()
            respond(in_words(error), response_type="ephemeral", replace_original=click.is_ephemeral)
            return
        ack()
        _take_away(click, respond)

    @app.action(card.CHANGE)
    def open_modal(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        click = payloads.click(body)
        try:
            choice = service.choice(click.team_id, payloads.target(click.value).message_id, click.user_id)
        except UnknownMessageError as error:
            ack()
            respond(in_words(error), response_type="ephemeral", replace_original=False)
            return
        ack()
        of = ButtonTarget(choice.message_id, choice.meaning)
        view = correction_modal.correction_view(of, choice.current, choice.mine)
        client.views_open(trigger_id=click.trigger_id, view=view)
        _take_away(click, respond)

    @app.action(card.UNDO)
    def undo(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        click = payloads.click(body)
        fault: Exception | None = None
        try:
            service.undo(click.team_id, click.user_id, click.value, click.once)
        except (UnknownMessageError, NothingToUndoError) as error:
            fault = error
        ack()
        if click.view_id:
            shortcut_modals.bring(client, click.view_id, _undone(service, click))
        elif fault:
            respond(in_words(fault), response_type="ephemeral", replace_original=False)


def _take_away(click: Click, respond: Respond) -> None:
    """Remove a question that only this user sees, once they have pressed its button."""
    if not click.is_ephemeral:
        return
    try:
        respond(delete_original=True)
    except OSError:  # what they said counts all the same
        log.warning("question not removed")


def _undone(service: Service, click: Click) -> Json:
    """The modal in which a correction was undone, as it is now."""
    try:
        choice = service.choice(click.team_id, click.value, click.user_id)
    except UnknownMessageError as error:
        return shortcut_modals.fault(in_words(error))
    of = ButtonTarget(choice.message_id, choice.meaning)
    return correction_modal.correction_view(of, choice.current, choice.mine)


def _hear_modal(app: App, service: Service) -> None:
    @app.options(correction_modal.LABEL)
    def offer(ack: Ack, body: Json) -> None:
        search = payloads.search(body)
        ack(options=correction_modal.matching(service.labels(search.team_id), search.words))

    @app.view(correction_modal.CORRECT)
    def correct(ack: Ack, body: Json) -> None:
        sent = payloads.submission(body)
        proposal = visible(sent.proposal)
        try:
            if proposal:
                service.propose(sent.team_id, sent.user_id, sent.of, proposal, sent.once)
            elif sent.label_id:
                service.confirm_or_choose(sent.team_id, sent.user_id, sent.of, sent.label_id, sent.once)
            else:
                _refuse(ack, correction_modal.LABEL, _("Choose a label, or write a new one below."))
                return
        except EditedSinceError as error:
            choice = service.choice(sent.team_id, sent.of.message_id, sent.user_id)
            of = ButtonTarget(choice.message_id, choice.meaning)
            again = correction_modal.correction_view(of, choice.current, choice.mine, in_words(error))
            ack(response_action="update", view=again)
            return
        except CORRECTING_FAULTS as error:
            _refuse(
                ack,
                correction_modal.PROPOSAL if proposal else correction_modal.LABEL,
                in_words(error, as_plain_name),
            )
            return
        ack()


def _refuse(ack: Ack, block: str, why: str) -> None:
    ack(response_action="errors", errors={block: why})


def _hear_operators(app: App, operations: Operations) -> None:
    def answer(ack: Ack, body: Json, respond: Respond, do: Callable[[int, str], None]) -> None:
        click = payloads.click(body)
        try:
            operations.check(click.user_id)
            do(click.number, click.user_id)
        except OPERATING_FAULTS as error:
            ack()
            respond(in_words(error), response_type="ephemeral", replace_original=False)
            return
        ack()

    @app.action(run_notes.PROMOTE)
    def promote(ack: Ack, body: Json, respond: Respond) -> None:
        answer(ack, body, respond, operations.promote)

    @app.action(run_notes.ROLL_BACK)
    def roll_back(ack: Ack, body: Json, respond: Respond) -> None:
        answer(ack, body, respond, operations.roll_back_from)

    @app.action(language_notice.SWITCH)
    def switch(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        click, trigger_id = payloads.click(body), payloads.trigger(body)
        ack()
        try:
            operations.check(click.user_id)
            if not multilingual.is_available():
                client.views_open(trigger_id=trigger_id, view=language_notice.installation())
                return
            operations.switch_encoder(multilingual.NAME, click.user_id)
            told = language_notice.asked()
        except OPERATING_FAULTS as error:
            told = in_words(error)
        respond(told, response_type="ephemeral", replace_original=False)

    @app.action(run_notes.TRY_AGAIN)
    def try_again(ack: Ack, body: Json, respond: Respond) -> None:
        click = payloads.click(body)
        try:
            operations.check(click.user_id)
            again = operations.try_again(click.value)
        except OPERATING_FAULTS as error:
            ack()
            respond(in_words(error), response_type="ephemeral", replace_original=False)
            return
        ack()
        told = channel_words.tried_again(again, click.user_id)
        respond(replace_original=True, **run_notes.plain_note(told))


def _hear_command(app: App, desk: CommandContext) -> None:
    @app.command("/corrigible")
    def answer(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        command = payloads.command(body)
        ack()
        told = commands.answer(desk, client, command)
        content = {"text": told} if isinstance(told, str) else told
        respond(response_type="ephemeral", **content)


def _hear_forgetting(app: App, forgetting: Forgetting) -> None:
    @app.action(forgetting_view.FORGET)
    def forget(ack: Ack, body: Json, respond: Respond) -> None:
        by = payloads.clicker(body)
        ack()
        respond(text=_("Erasing …"), response_type="ephemeral", replace_original=True)
        forgotten = forgetting.forget(by)
        respond(response_type="ephemeral", replace_original=True, **forgetting_view.proof(forgotten))


def _hear_the_rest(app: App, metrics: Metrics) -> None:
    """Slack switches an app off that leaves most of its deliveries without an answer."""

    def ignore(ack: Ack) -> None:
        metrics.events.labels("ignored").inc()
        ack()

    for hear in (app.event, app.action, app.options, app.view, app.command, app.shortcut):
        hear(ANYTHING)(ignore)
    app.view_closed(ANYTHING)(ignore)


def _acknowledged() -> None:
    """Everything was done before the acknowledgement."""


def _answer_for_errors(app: App, metrics: Metrics) -> None:
    @app.error
    def tell(error: Exception, body: Json, respond: Respond) -> BoltResponse:
        if is_malformed(error):
            return refused(error, metrics)
        log.error("listener failed kind=%s", body.get("type"), exc_info=error)
        metrics.errors.labels("listener").inc()
        if body.get("response_url"):
            try:
                respond(_(FAILED), response_type="ephemeral", replace_original=False)
            except (SlackApiError, OSError, ForeignAddressError):
                log.warning("nobody could be told that it failed")
        return BoltResponse(status=500, body="")
