"""Threads whose summaries people settled: in each of them they wanted the questions."""

from __future__ import annotations

from storage.database.engine import Database
from storage.messages import messages
from storage.summaries import summaries
from storage.tables.messages import Message, Mode
from storage.tables.summaries import Making, Opinion, Origin, Summary, SummaryWord
from tests.factories import ANA, BEN, SUPPORT, TEAM, message

TOPICS = ("invoice", "export", "printer", "login page", "release", "backup", "newsletter", "contract")


def said(number: int) -> list[tuple[str, str]]:
    """Who said what in a thread: three questions among what nobody needs to know."""
    topic = TOPICS[number % len(TOPICS)]
    return [
        (ANA, f"Good morning everybody, today I look at the {topic} number {number} with all of you."),
        (BEN, f"Yesterday the {topic} number {number} was on my list for the whole afternoon as well."),
        (ANA, f"Who can repair the {topic} number {number} before Thursday?"),
        (BEN, f"The {topic} number {number} was made by somebody who left the company long ago."),
        (ANA, f"Does the customer of the {topic} number {number} know about it?"),
        (BEN, f"I remember that the {topic} number {number} was quite new in the spring of that year."),
        (BEN, f"Which version of the {topic} number {number} do they use?"),
        (ANA, f"My notes about the {topic} number {number} are in the usual folder, as they always are."),
    ]


def summarized(database: Database, number: int = 0) -> tuple[str, list[Message]]:
    """The id of the summary of a thread, and the thread's messages."""
    (first_by, first_said), *others = said(number)
    first = message(first_said, user_id=first_by, mode=Mode.OFF, waiting=False)
    rest = [
        message(text, user_id=user, mode=Mode.OFF, waiting=False, thread_ts=first.ts) for user, text in others
    ]
    thread = [first, *rest]
    summary = Summary(
        team_id=TEAM,
        channel_id=SUPPORT,
        of_ts=first.ts,
        thread_ts=first.ts,
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        making=Making.WAITING,
    )
    with database.writing() as session:
        for one in thread:
            messages.receive(session, one)
        summaries.ask(session, summary)
        sentences = [
            {"text": f"<@{ANA}>: {first_said}", "sources": [first.id], "supported": True, "unfounded": []}
        ]
        summaries.finish(session, summary.id, [one.id for one in thread], sentences=sentences)
    return summary.id, thread


def edit(database: Database, summary_id: str, text: str, by: str = BEN) -> None:
    """Somebody says what a summary should say."""
    word = SummaryWord(summary_id=summary_id, team_id=TEAM, user_id=by, opinion=Opinion.EDITED, text=text)
    with database.writing() as session:
        summaries.say(session, word)


def settle(database: Database, number: int = 0) -> str:
    """A summary of which somebody wanted the questions; its id."""
    summary_id, thread = summarized(database, number)
    questions = [f"<@{one.user_id}>: {one.text}" for one in thread if one.text.endswith("?")]
    edit(database, summary_id, " ".join(questions))
    return summary_id
