"""Questions after an edit, in quiet mode: whether the label that a user chose still fits. No card is there to ask."""

from __future__ import annotations

from sqlmodel import Session

from storage.deliveries import notices
from storage.feedback import corrections
from storage.messages import channels, contents
from storage.messages.contents import Content
from storage.tables.deliveries import News, Notice
from storage.tables.messages import Message, Mode
from storage.workspaces.pseudonyms import is_forgotten


def ask(session: Session, message: Message) -> None:
    """Have the user who chose the label last asked, once per edit; nobody if only reviewers settled it."""
    user_id = _chosen_by(session, message)
    if user_id is None:
        return
    about = {"by": user_id, "message": message.id, "meaning": message.meaning}
    key = message.channel_id, message.id, str(message.meaning)
    notices.add(session, message.team_id, News.STILL, *key, about=about)


def _chosen_by(session: Session, message: Message) -> str | None:
    said = corrections.earlier(session, message.team_id, [message.id]).get(message.id, [])
    return next(
        (
            word.user_id
            for word in reversed(said)
            if word.label_id == message.still and not is_forgotten(word.user_id)
        ),
        None,
    )


def content(session: Session, notice: Notice) -> Content | None:
    """Return what to ask about; None if the question is settled, or another edit, a card or nobody took its place."""
    if channels.mode_of(session, notice.team_id, notice.channel_id) is Mode.OFF:
        return None
    found = contents.of_message(session, notice.about["message"])
    is_same = found.message.meaning == notice.about["meaning"] and found.message.mode is Mode.QUIET
    return found if is_same and found.still and found.prediction and notice.about.get("by") else None
