"""How a team's bot is doing, read from the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, select

from storage import answers, cards, channels, corrections, imports, labels, messages, predictions, versions
from storage.tables import Label, Revision


@dataclass(frozen=True)
class Overview:
    """Figures of one team."""

    team_id: str
    channels: dict[str, str]
    version: str
    labels: int
    predictions: int
    words: int
    waiting: int
    due: int
    failures: dict[str, int]
    imported: int = 0
    earlier: int = 0

    def rows(self) -> Iterator[tuple[str, str]]:
        """Name and value of each figure, as people read them."""
        yield (
            "channels",
            ", ".join(f"{channel} ({mode})" for channel, mode in self.channels.items()) or "none",
        )
        yield "version in service", self.version
        yield "labels", str(self.labels)
        yield "messages predicted", str(self.predictions)
        yield "words of people", str(self.words)
        if self.earlier:
            yield "set aside: about an earlier text of an edited message", str(self.earlier)
        if self.imported:
            yield "labels imported", str(self.imported)
        yield "messages waiting", str(self.waiting)
        yield "cards waiting", str(self.due)
        for reason, number in self.failures.items():
            yield f"cards refused: {reason}", str(number)


def teams(session: Session) -> list[str]:
    """Every team that this database knows."""
    return list(session.exec(select(Label.team_id).distinct().order_by(Label.team_id)))


def of_team(session: Session, team_id: str) -> Overview:
    """The figures of one team."""
    return Overview(
        team_id=team_id,
        channels={channel.channel_id: channel.mode for channel in channels.switched_on(session, team_id)},
        version=_version(session, team_id),
        labels=len(labels.active(session, team_id)),
        predictions=predictions.count(session, team_id),
        words=corrections.count(session, team_id),
        earlier=corrections.count_earlier(session, team_id) + answers.count_earlier(session, team_id),
        imported=imports.count(session, team_id),
        waiting=messages.count_waiting(session, team_id),
        due=cards.count_due(session, team_id),
        failures=cards.failures(session, team_id),
    )


def _version(session: Session, team_id: str) -> str:
    number = versions.in_service(session, team_id)
    if number is None:
        return "none yet"
    revisions = select(Revision).where(Revision.team_id == team_id, Revision.version == number)
    latest = session.exec(revisions.order_by(col(Revision.number).desc())).first()
    if latest is None:
        return f"v{number}"
    return f"v{number}.{latest.number}, labelled messages learned from: {latest.labelled}"
