"""What Bolt hears of the modals that operators open from the App Home: settings, and labels."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.classification.correction_modal import LABEL
from bot.home import label_editing, label_modals, team_settings_modal
from bot.home import view as home_view
from bot.home.label_editing import LabelEditing, LabelFaultError
from bot.language.catalogues import N_, _
from bot.permissions.errors import in_words, of_field
from bot.permissions.operations import NotAnOperatorError
from bot.permissions.team_settings import ChoiceError, Choices
from bot.slack import payloads
from bot.slack.forms import SubmittedForm, form
from bot.slack.mrkdwn import as_name, as_plain_name
from bot.slack.payloads import Json
from storage.tables.feedback import Label

Publish = Callable[[WebClient, str, str], None]
OPS_CHANNEL = "ops_channel"
UNREACHABLE = N_("I am not in this channel. Invite me there (/invite @corrigible), then save again.")


def register(app: App, choices: Choices, editing: LabelEditing, publish: Publish) -> None:
    """Let `app` hear them. `publish` shows a person's App Home anew, with a notice."""
    _hear_settings(app, choices, publish)
    _hear_labels(app, editing, publish)
    _hear_label(app, editing, publish)


def _hear_settings(app: App, choices: Choices, publish: Publish) -> None:
    @app.action(home_view.SETTINGS)
    def open_settings(ack: Ack, body: Json, client: WebClient) -> None:
        by, trigger_id = payloads.clicker(body), payloads.trigger(body)
        ack()
        try:
            view = team_settings_modal.choices_view(choices.look(by))
        except NotAnOperatorError as error:
            publish(client, by, in_words(error))
            return
        client.views_open(trigger_id=trigger_id, view=view)

    @app.view(team_settings_modal.CHOOSE)
    def choose(ack: Ack, body: Json, client: WebClient) -> None:
        sent = form(body)
        wanted = team_settings_modal.wanted(sent)
        if wanted[OPS_CHANNEL] and not _is_in(client, wanted[OPS_CHANNEL]):
            _refuse(ack, {OPS_CHANNEL: _(UNREACHABLE)})
            return
        try:
            changed = choices.choose(wanted, sent.user_id)
        except ChoiceError as error:
            _refuse(ack, {name: of_field(name) for name in error.faults})
            return
        except NotAnOperatorError as error:
            _refuse(ack, {next(iter(wanted)): in_words(error)})
            return
        ack()
        names = ", ".join(f"“{_(team_settings_modal.FIELDS[name].label)}”" for name in changed)
        publish(
            client,
            sent.user_id,
            _("Saved: {names}.").format(names=names) if changed else _("Nothing was changed."),
        )


def _hear_labels(app: App, editing: LabelEditing, publish: Publish) -> None:
    @app.action(home_view.EDIT_LABELS)
    def open_picker(ack: Ack, body: Json, client: WebClient) -> None:
        by, trigger_id = payloads.clicker(body), payloads.trigger(body)
        ack()
        try:
            editing.check(by)
        except NotAnOperatorError as error:
            publish(client, by, in_words(error))
            return
        client.views_open(trigger_id=trigger_id, view=label_modals.picker())

    @app.view(label_modals.PICK)
    def pick(ack: Ack, body: Json) -> None:
        sent = form(body)
        label_id = sent.text(LABEL)
        try:
            editing.check(sent.user_id)
            label = editing.find(label_id) if label_id else None
        except (NotAnOperatorError, *label_editing.FAULTS) as error:
            _refuse(ack, {LABEL: in_words(error, as_plain_name)})
            return
        ack(response_action="push", view=label_modals.editor(label))


def _hear_label(app: App, editing: LabelEditing, publish: Publish) -> None:
    @app.view(label_modals.EDIT)
    def save(ack: Ack, body: Json, client: WebClient) -> None:
        sent = form(body)
        try:
            label, told = _save(editing, sent)
        except LabelFaultError as error:
            _refuse(ack, error.faults)
            return
        except (NotAnOperatorError, *label_editing.FAULTS) as error:
            _refuse(ack, {label_modals.NAME: in_words(error, as_plain_name)})
            return
        ack(response_action="clear")
        publish(client, sent.user_id, _(told).format(label=as_name(label.name)))


def _save(editing: LabelEditing, sent: SubmittedForm) -> tuple[Label, str]:
    """The label, and what to tell of it once this is acknowledged."""
    fate = sent.chosen(label_modals.FATE)
    if len(fate) > 1:
        raise LabelFaultError({label_modals.FATE: _("Choose one of these at most.")})
    if label_modals.RETIRE in fate:
        return editing.retire(sent.metadata, sent.user_id), N_("The label {label} is retired.")
    if label_modals.FOLLOW_FILE in fate:
        followed = editing.follow_file(sent.metadata, sent.user_id)
        return followed, N_("The label {label} follows labels.toml again.")
    shown = None
    if sent.metadata:
        editing.check(sent.user_id)
        shown = editing.find(sent.metadata)
        if shown.retired_at is None and label_modals.is_untouched(shown, sent):
            return shown, N_("Nothing was changed.")
    label = editing.save(sent.metadata or None, label_modals.entry(sent, shown), sent.user_id)
    return label, N_("The label {label} is saved, and learned from now on.")


def _is_in(client: WebClient, channel: str) -> bool:
    try:
        return bool(client.conversations_info(channel=channel)["channel"].get("is_member"))
    except SlackApiError:
        return False


def _refuse(ack: Ack, faults: dict[str, str]) -> None:
    ack(response_action="errors", errors=faults)
