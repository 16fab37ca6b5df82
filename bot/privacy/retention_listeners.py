"""What Bolt hears of a shorter time for a channel's messages: that somebody confirms it, or undoes it."""

from __future__ import annotations

from contextlib import suppress

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.language.catalogues import Language, _, speaking
from bot.permissions.errors import in_words
from bot.permissions.membership import Membership
from bot.privacy import retention_commands, retention_view
from bot.privacy.retention import NoPlanToUndoError, Retention
from bot.privacy.retention_commands import FAULTS
from bot.slack import payloads
from bot.slack.payloads import Json
from bot.web_api.announcing import tell


def register(app: App, use: Retention, members: Membership, language: Language) -> None:
    """Let `app` hear both. Who may, and what would be erased, is asked again: much can change before a click.

    `language`: that of what everybody in a channel reads.
    """

    @app.action(retention_view.CONFIRM)
    def confirm(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        chosen = payloads.keep_click(body)
        try:
            members.check(client, chosen.channel_id, chosen.user_id)
            plan = use.confirm(chosen.channel_id, chosen.days, chosen.before, chosen.made_at, chosen.user_id)
        except FAULTS as error:
            ack()
            respond(response_type="ephemeral", replace_original=True, **retention_view.done(in_words(error)))
            return
        ack()
        with speaking(language):
            told = retention_view.announcement(plan, chosen.user_id)
        done = _("Confirmed; the channel was told.")
        if not tell(client, chosen.channel_id, told):
            with suppress(NoPlanToUndoError):  # whoever is not told can't undo it
                use.undo(chosen.channel_id, chosen.user_id)
            done = _("I could not tell the channel, so nothing was changed. Please try again in a moment.")
        respond(response_type="ephemeral", replace_original=True, **retention_view.done(done))

    @app.action(retention_view.UNDO)
    def undo(ack: Ack, body: Json, client: WebClient, respond: Respond) -> None:
        by, channel_id = payloads.clicker(body), payloads.channel_of_click(body)
        try:
            members.check(client, channel_id, by)
            with speaking(language):  # everybody reads it
                kept = retention_commands.undo(use, client, channel_id, by, language)
                undone = _("Undone by {person}. {kept}").format(person=f"<@{by}>", kept=kept)
        except FAULTS as error:
            ack()
            respond(in_words(error), response_type="ephemeral", replace_original=False)
            return
        ack()
        respond(replace_original=True, **retention_view.done(undone))
