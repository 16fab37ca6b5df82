"""What becomes in Slack of summaries whose channel is closed."""

from __future__ import annotations

import time

import pytest

from bot.context.metrics import Metrics
from bot.language.locales import Locales
from bot.summaries.courier import SummaryCourier
from bot.web_api.reach import Reach
from storage.database.engine import Database
from storage.messages import channel_states
from storage.messages.channel_states import ChannelChange
from storage.summaries import summaries
from storage.tables.deliveries import News
from storage.tables.summaries import Making, Origin, Summary
from tests.bot.delivery.test_courier import SlowSlack, listening
from tests.bot.summaries.test_commands import service
from tests.factories import ANA, SUPPORT, TEAM, UNPACED


@pytest.mark.parametrize("is_erased_first", [True, False])
def test_in_a_channel_that_became_shared_an_erased_summary_is_emptied_and_none_is_posted(
    database: Database, is_erased_first: bool
) -> None:
    slack, use_cases = SlowSlack(), service(database)
    stands, waits = (
        Summary(
            team_id=TEAM,
            channel_id=SUPPORT,
            of_ts="1.1",
            thread_ts="1.1",
            asked_by=ANA,
            origin=Origin.SHORTCUT,
            making=Making.DONE,
            ts=ts,
        )
        for ts in ("1.2", None)
    )
    with database.writing() as session:
        session.add_all([stands, waits])
    if is_erased_first:
        _erase(database, stands.id)
    _share(database)
    if not is_erased_first:
        _erase(database, stands.id)

    with listening(slack) as client:
        locales = Locales(client, "en")
        courier = SummaryCourier(
            database, TEAM, use_cases, client, Metrics(), locales, UNPACED, Reach(client)
        )
        while courier.step() == 0.0:
            pass

    assert slack.asked["chat.update"] == ["1.2"]
    assert slack.asked["chat.postMessage"] == []


def _erase(database: Database, summary_id: str) -> None:
    with database.writing() as session:
        summaries.erase(session, summary_id)


def _share(database: Database) -> None:
    with database.writing() as session:
        assert channel_states.change(session, TEAM, ChannelChange(SUPPORT, News.SHARED, time.time()))
