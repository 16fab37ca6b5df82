"""More messages than Slack lets anybody answer at once: all are answered, at Slack's pace."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID, DIRECT_MESSAGES
from storage.database.engine import open_database
from storage.messages import messages
from storage.tables.messages import Lane, Message, Mode
from tests.journeys.steps import all_heard, card_counts, turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import ANA, SUPPORT, bot, cards, settings

NUMBER = 70
BACKLOG = 80
PER_SECOND = 8.0
BURST = 5


def test_a_flood_is_answered_at_slacks_pace_newest_first_and_the_channel_hears_of_it_once(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        turn_on(ana, SUPPORT)
    said = [ana.write(SUPPORT, f"The app crashes with error {number}") for number in range(NUMBER)]
    _post_nothing(slack)
    chosen = settings(tmp_path, database_url, posts_per_second=PER_SECOND, post_burst=BURST)
    with bot(slack, chosen) as running:
        until(lambda: all_heard(slack) and running.workspace.service.count_waiting() == 0)
        slack.fault("clear")
        page.goto(f"{slack.url}/#channel=support&user=ben")
        seen = page.get_by_test_id("message").filter(has_text="answers are still to come")
        expect(seen).to_contain_text("newest first")
        until(lambda: card_counts(slack, SUPPORT).keys() == set(said))
        expect(seen).to_have_count(1)

    posts = [one for one in sorted(slack.messages(), key=lambda one: float(one["ts"])) if "bot_id" in one]
    answers = [post for post in posts if post.get("thread_ts", post["ts"]) != post["ts"]]
    answered = [post["thread_ts"] for post in answers]
    took_s = float(answers[-1]["ts"]) - float(answers[0]["ts"])
    [told] = [post["text"] for post in posts if "answers are still to come" in post["text"]]
    assert sorted(answered) == sorted(said)
    assert took_s > (NUMBER - BURST - 2) / PER_SECOND
    assert "newest first" in told
    assert _mean_place(answered, said[-20:]) < _mean_place(answered, said[:20])


def test_who_asks_in_a_direct_message_or_by_a_mention_is_answered_before_the_backlog(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url)
    with bot(slack, chosen) as running:  # where nobody turned it on, it answers only who asks
        said = [ana.write(SUPPORT, f"The app crashes with error {number}") for number in range(BACKLOG)]
        mention = ana.write(SUPPORT, f"<@{BOT_USER_ID}> where is my invoice?")
        until(lambda: all_heard(slack) and cards(slack, mention))
        team_id = running.workspace.grant.team_id
    direct = ana.write(DIRECT_MESSAGES["ana"], "I was charged twice")
    backlog = [_waiting(team_id, SUPPORT, ts) for ts in said]
    asked = _waiting(team_id, DIRECT_MESSAGES["ana"], direct, lane=Lane.ASKED)
    database = open_database(database_url)
    with database.writing() as session:
        session.add_all([*backlog, asked])
    with database.reading() as session:
        stored = messages.known(session, team_id, SUPPORT, mention)
    database.close()

    with bot(slack, chosen) as running:
        until_answered(running, slack)

    posts = [call["arguments"] for call in slack.calls("chat.postMessage")]
    answers = [post["thread_ts"] for post in posts if post.get("thread_ts")]
    assert stored is not None
    assert stored.lane is Lane.ASKED
    assert answers[0] == mention
    assert sorted(answers) == sorted([*said, mention, direct])
    assert answers.index(direct) < BACKLOG / 2


def _post_nothing(slack: Slack) -> None:
    """Slack wants pauses until these faults are cleared."""
    slack.fault("method", method="chat.postMessage", kind="rate_limited", retry_after=1, times=1_000)


def _mean_place(answers: list[str], of: list[str]) -> float:
    return sum(answers.index(ts) for ts in of) / len(of)


def _waiting(team_id: str, channel_id: str, ts: str, lane: Lane = Lane.HEARD) -> Message:
    return Message(
        team_id=team_id,
        channel_id=channel_id,
        ts=ts,
        user_id=ANA,
        text="The app crashes with an error",
        mode=Mode.REPLY,
        lane=lane,
    )
