"""How a team's bot is doing, read from the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from storage.deliveries import cards, notices, undelivered
from storage.deliveries.undelivered import GivenUp
from storage.feedback import corrections, imports, labels, responses
from storage.messages import channel_states, channels, label_questions, messages
from storage.messages.label_questions import QuestionTally
from storage.models import predictions, versions
from storage.tables.feedback import Label
from storage.tables.messages import ChannelState
from storage.tables.models import Revision

# Why nothing is posted in a channel, for the terminal.
CLOSED = {
    channel_states.ARCHIVED: "archived: unarchive it and invite the bot to go on",
    channel_states.DELETED: "deleted",
    channel_states.REMOVED: "the bot is not in it: invite it to go on",
    channel_states.SHARED: "shared with another organization, so the bot stays off",
}


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
    states: dict[str, ChannelState] = field(default_factory=dict)
    given_up: list[GivenUp] = field(default_factory=list)
    limited_minutes: list[float] = field(default_factory=list)
    earlier: int = 0
    doubts: QuestionTally = field(default_factory=QuestionTally)

    @property
    def open_channels(self) -> list[str]:
        """The channels in which the bot is on and can do something."""
        shut = {one for one, state in self.states.items() if channel_states.closed(state)}
        return [channel_id for channel_id in self.channels if channel_id not in shut]

    def rows(self) -> Iterator[tuple[str, str]]:
        """Name and value of each figure, as people read them."""
        yield "channels", ", ".join(self._channel(*one) for one in self.channels.items()) or "none"
        for channel_id, state in self.states.items():
            closed = channel_states.closed(state)
            if closed and channel_id not in self.channels:
                yield f"{self.name(channel_id)} (summaries)", CLOSED[closed.reason]
        yield "version in service", self.version
        yield "labels", str(self.labels)
        yield "messages predicted", str(self.predictions)
        yield "corrections and confirmations", str(self.words)
        if self.earlier:
            yield "set aside: about an earlier text of an edited message", str(self.earlier)
        if self.doubts.asked:
            answered = f"{self.doubts.kept} kept, {self.doubts.changed} changed"
            yield "suspicious labels that users were asked about", f"{self.doubts.asked} ({answered})"
        if self.imported:
            yield "labels imported", str(self.imported)
        yield "messages waiting", str(self.waiting)
        yield "cards waiting", str(self.due)

    def _channel(self, channel_id: str, mode: str) -> str:
        state = self.states.get(channel_id)
        closed = channel_states.closed(state) if state else None
        words = [mode, *([CLOSED[closed.reason]] if closed else [])]
        words += ["private"] if state and state.is_private else []
        return f"{self.name(channel_id)} ({', '.join(words)})"

    def name(self, channel_id: str) -> str:
        """What a channel is called; a private one only by its id, since its name is for its members."""
        state = self.states.get(channel_id)
        return f"#{state.name}" if state and state.name and not state.is_private else channel_id


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
        earlier=corrections.count_earlier(session, team_id) + responses.count_earlier(session, team_id),
        imported=imports.count(session, team_id),
        waiting=messages.count_waiting(session, team_id),
        due=cards.count_due(session, team_id),
        failures=cards.failures(session, team_id),
        states=_states(session, team_id),
        given_up=undelivered.of_team(session, team_id),
        doubts=label_questions.tally(session, team_id),
        limited_minutes=notices.limited_minutes(session, team_id),
    )


def _states(session: Session, team_id: str) -> dict[str, ChannelState]:
    """Return what became of the channels in which something is on."""
    concerned = channel_states.in_use(session, team_id)
    return {one: state for one, state in channel_states.every(session, team_id).items() if one in concerned}


def _version(session: Session, team_id: str) -> str:
    number = versions.in_service(session, team_id)
    if number is None:
        return "none yet"
    revisions = select(Revision).where(Revision.team_id == team_id, Revision.version == number)
    latest = session.exec(revisions.order_by(col(Revision.number).desc())).first()
    if latest is None:
        return f"v{number}"
    return f"v{number}.{latest.number}, labelled messages learned from: {latest.labelled}"
