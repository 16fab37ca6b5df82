"""What the bot does about messages that Slack tells of."""

from __future__ import annotations

import time
from dataclasses import replace

from bot.classification.service import MessageWakers, Service
from bot.context.metrics import Metrics
from bot.slack.payloads import Deleted, MessagePosted
from bot.summaries.service import SummaryService
from learning.text.masking import unmasked
from storage.database.engine import Database
from storage.tables.messages import Mode

TEAM, ON, OFF, ANA = "T1", "C1", "C2", "U1"


def _said(channel: str, text: str) -> MessagePosted:
    return MessagePosted(
        TEAM, channel, f"{time.time() - 3_600:.6f}", None, ANA, text, is_direct=False, is_mention=False
    )


def test_only_what_happens_to_a_stored_message_has_anybody_work(database: Database) -> None:
    woken: list[str] = []

    def wake() -> None:
        woken.append("somebody")

    summaries = SummaryService(database, TEAM, str, lambda message: message.ts, unmasked, wake, wake)
    service = Service(database, TEAM, Metrics(), MessageWakers(*[wake] * 8), summaries, str)
    service.set_mode(TEAM, ON, Mode.REPLY, ANA)
    stored, ignored = _said(ON, "The app crashes"), _said(OFF, "See you at lunch")

    def woken_by(said: MessagePosted) -> bool:
        woken.clear()
        service.receive(said)
        service.edit(replace(said, text=f"{said.text} again"))
        service.erase(Deleted(TEAM, said.channel_id, said.ts))
        return bool(woken)

    assert woken_by(stored)
    assert not woken_by(ignored)
