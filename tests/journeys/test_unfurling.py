"""Nothing that the bot says shows a preview of a link: not in a post, not in an answer to a click or command."""

from __future__ import annotations

from pathlib import Path

from local.slack.person import Person
from local.slack.setup.seed import CHANNELS, DIRECT_MESSAGES, TEAM_ID
from storage.models import versions
from storage.tables.models import Decision, Grounds, Ruling
from tests.journeys.steps import card_on, correct, do, turn_on
from tests.journeys.threads import allow_summaries, summarize, thread
from tests.local.running import Slack, until
from tests.running import ANA, SUPPORT, bot, settings

OPS = CHANNELS["corrigible-ops"]
NOTHING = {"unfurl_links": False, "unfurl_media": False}
LINK = "The app crashes, see https://example.com/crash.png"


def test_no_post_and_no_answer_unfurls_a_link(
    slack: Slack, ana: Person, ben: Person, channel: str, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url, summarizer="none", operators=(ANA,), ops_channel=OPS)
    with bot(slack, chosen) as running:
        turn_on(ana, channel)  # a post, and an answer to a command
        card = card_on(ana, channel, LINK)
        correct(ben, card, "praise")
        card_on(ana, DIRECT_MESSAGES["ana"], LINK)
        allow_summaries(ana, SUPPORT)
        summary = summarize(ana, slack, SUPPORT, thread(slack, SUPPORT))
        ben.press(summary, "summary_good")
        ana.command(SUPPORT, "/corrigible", "summarize 5 messages")
        ana.wait_for_whisper(SUPPORT)
        ana.command(channel, "/corrigible", "digest on")
        do(running, "digest")
        with running.database.writing() as session:
            versions.rule(session, _ruling())
        running.workspace.notes.step()
        until(lambda: any("bot_id" in one for one in slack.messages(OPS)))
        posts = slack.calls("chat.postMessage")
        answers = slack.calls("response_url")

    told = {one["arguments"]["channel"] for one in posts}
    assert told == {channel, SUPPORT, DIRECT_MESSAGES["ana"], OPS}
    assert len(answers) >= 4
    assert [one for one in [*posts, *answers] if not one["arguments"].items() >= NOTHING.items()] == []


def _ruling() -> Ruling:
    return Ruling(
        team_id=TEAM_ID,
        champion=1,
        challenger=1,
        grounds=Grounds.HOLDOUT,
        decision=Decision.GO_ON,
        reason="the holdout can't tell",
    )
