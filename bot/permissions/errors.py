"""What people are told of a fault, in their language: storage and learning speak English only."""

from __future__ import annotations

from collections.abc import Callable

from bot.language.catalogues import N_, _, many
from bot.permissions.membership import LackingScopeError, UnknownChannelError
from bot.permissions.operations import AlreadyServingError, NotServingError
from bot.slack import mrkdwn
from storage.feedback.label_edits import TakenLabelError
from storage.feedback.labels import RetiredLabelError, TooManyProposalsError, TooManyProposalsOfAllError
from storage.models.runs import RunUnderWayError
from storage.models.versions import VersionNotFoundError

# As storage says them, for the catalogues.
OF_STORAGE = (
    N_("Another operator has decided about these corrections already."),
    N_("These corrections are not held back any more, so nothing was changed."),
    N_("This message was edited since, so nothing was changed. Read it again, then choose."),
    N_("A model needs 2 labels to choose from. Add another one first."),
    N_("There is nothing to roll back to: the version in service took no other's place."),
    N_("Nothing is given up there any more, so nothing was changed."),
    N_("This label is not known here any more."),
    N_("This summary is not known here any more, so nothing was changed."),
    N_("You have no correction of this message to undo."),
    N_("You have no feedback on this summary to undo."),
)

UNUSABLE = N_("This can't be used here.")
OF_FIELDS = {
    "emoji": N_("This is no code of an emoji. Write one such as :bug:."),
    "language": N_("This is no language that I speak."),
    "name": N_("Write a name, on one line."),
    "retrain_cron": N_(
        "This is no time. Write minute, hour, day, month and weekday as cron does, such as 0 3 * * *."
    ),
    "timezone": N_("This is no time zone. Write one such as Europe/Lisbon."),
}


def of_field(name: str) -> str:
    """What is wrong with what somebody wrote in a field."""
    return _(OF_FIELDS.get(name, UNUSABLE))


def in_words(error: Exception, as_name: Callable[[str], str] = mrkdwn.as_name) -> str:
    """The error's words; those of an error that holds a value are made anew. `as_name`: how names are written there."""
    match error:
        case RetiredLabelError():
            return _("“{label}” was retired. Choose another label, or ask an operator.").format(
                label=as_name(error.name)
            )
        case TooManyProposalsError():
            return many(
                "You proposed {number} new label within a day. Choose one of the labels, or propose it tomorrow.",
                "You proposed {number} new labels within a day. Choose one of the labels, or propose it tomorrow.",
                error.most,
            )
        case TooManyProposalsOfAllError():
            return many(
                "{number} new label was proposed here within a day. Choose one of the labels, or propose it tomorrow.",
                "{number} new labels were proposed here within a day. Choose one of the labels, or propose it "
                "tomorrow.",
                error.most,
            )
        case TakenLabelError():
            return _("There is a label called “{label}” already.").format(label=as_name(error.name))
        case VersionNotFoundError():
            return _("There is no version {number}.").format(number=error.number)
        case NotServingError():
            return _("v{number} is not in service any more, so nothing was changed.").format(
                number=error.number
            )
        case AlreadyServingError():
            return _("v{number} is in service already.").format(number=error.number)
        case UnknownChannelError():
            told = _("Slack would not tell me about this channel ({reason}), so I changed nothing.")
            return told.format(reason=error.reason)
        case LackingScopeError():
            told = _(
                "I lack the scope `{scope}` for this, so I changed nothing. `/corrigible status` says how to add it."
            )
            return told.format(scope=error.scope)
        case RunUnderWayError():
            return _("A training run is under way already.")
    return _(str(error))
