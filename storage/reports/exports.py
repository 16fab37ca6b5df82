"""Labelled data for elsewhere: what is settled, with its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from storage.feedback import labels, resolution
from storage.feedback.resolution import SettledBy
from storage.messages import messages
from storage.models import splits
from storage.tables.models import Side

AT_ONCE = 500


@dataclass(frozen=True)
class LabelledText:
    """A labelled text: who settled it and when (seconds since 1970), and its side of the split where it has one."""

    message_id: str
    text: str
    label: str
    source: SettledBy
    at: float
    side: Side | None


def settled(session: Session, team_id: str) -> Iterator[LabelledText]:
    """All messages of a team that have a label in use and a text, in the order in which they were settled."""
    names = {label.id: label.name for label in labels.active(session, team_id)}
    sides = splits.sides(session, team_id)
    found = {
        one.message_id: label
        for one in resolution.evidence(session, team_id)
        if (label := resolution.settled(one))
    }
    order = sorted(found, key=lambda message_id: (found[message_id].at, message_id))
    for start in range(0, len(order), AT_ONCE):
        texts = messages.texts(session, order[start : start + AT_ONCE])
        for message_id in order[start : start + AT_ONCE]:
            label = found[message_id]
            if texts.get(message_id):
                yield LabelledText(
                    message_id,
                    texts[message_id],
                    names[label.label_id],
                    label.source,
                    label.at,
                    sides.get(message_id),
                )
