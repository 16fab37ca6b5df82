"""From a message in Slack to a bot that has learned, on both databases and over both of Slack's wires."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from local.slack.person import Person
from local.slack.seed import DIRECT_MESSAGES
from storage.tables import Message
from tests.local.running import Slack, free_port, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, cards, learned, person, settings


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


def label_of(card: dict[str, str]) -> str:
    return card["text"].split(",")[0]


def teach(ana: Person, card: dict[str, str], label: str) -> dict[str, str]:
    view = ana.open_view(card, "change")
    [option] = ana.search(view, "label", label)
    ana.submit(view, {"label": {"label": {"type": "external_select", "selected_option": option}}})
    return ana.wait_for_change(card)


def test_a_correction_is_shown_and_the_next_similar_message_is_right(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "My badge does not open the garage door"))
        assert label_of(card) != "praise"
        before = learned(running)

        corrected = teach(ana, card, "praise")
        until(lambda: learned(running) > before)
        again = ana.wait_for_reply(
            SUPPORT, ana.write(SUPPORT, "My badge doesn't open the door of the garage")
        )

    assert label_of(corrected) == "praise"
    assert f"<@{ANA}> chose *praise*" in str(corrected["blocks"])
    assert label_of(again) == "praise"
    assert "v1.0" in card["text"]
    assert "v1.1" in again["text"]


def test_signed_http_serves_the_same_as_socket_mode(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with (
        workspace(bot_url=f"http://127.0.0.1:{port}/slack/events") as slack,
        bot(slack, settings(tmp_path, database_url, port=port), by_http=True),
        person(slack) as ana,
    ):
        ana.command(SUPPORT, "/corrigible", "on reply")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "The app crashes with an error"))
        corrected = teach(ana, card, "billing")

    assert label_of(card) == "bug"
    assert label_of(corrected) == "billing"


def test_what_was_said_while_the_bot_was_away_is_answered_when_it_is_back(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url)
    with bot(slack, chosen):
        ana.command(SUPPORT, "/corrigible", "on reply")
    ts = ana.write(SUPPORT, "I want a refund")
    with bot(slack, chosen):
        card = ana.wait_for_reply(SUPPORT, ts)

    assert label_of(card) == "billing"


def test_a_label_that_somebody_proposes_can_be_chosen_and_predicted(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "When does the canteen open today?"))
        before = learned(running)
        view = ana.open_view(card, "change")
        ana.submit(view, {"proposal": {"proposal": {"type": "plain_text_input", "value": " canteen  food "}}})
        corrected = ana.wait_for_change(card)
        until(lambda: learned(running) > before)
        again = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "Is the canteen open today?"))
        offered = ana.search(ana.open_view(again, "change"), "label", "canteen")

    assert label_of(corrected) == label_of(again) == "canteen food"
    assert [option["text"]["text"] for option in offered] == ["canteen food"]


def test_everybodys_last_word_counts_and_the_card_shows_who_said_what(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)), person(slack, BEN) as ben:
        ana.command(SUPPORT, "/corrigible", "on reply")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "The app crashes with an error"))
        teach(ana, card, "billing")
        teach(ana, card, "praise")
        corrected = until(lambda: _shows(slack, card, f"<@{ANA}> chose *praise*"))
        ben.press(corrected, "right")
        agreed = until(lambda: _shows(slack, card, f"<@{BEN}> confirmed *praise*"))

    assert "billing" not in str(agreed["blocks"])
    assert agreed["text"] == "praise, settled by 2 people"


def _shows(slack: Slack, card: dict[str, str], words: str) -> dict[str, str] | None:
    [now] = [one for one in slack.messages() if one["ts"] == card["ts"]]
    return now if words in str(now["blocks"]) else None


def test_in_ask_mode_the_bot_is_silent_where_it_is_sure_and_asks_where_it_is_not(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, ask_below_margin=0.8)) as running:
        ana.command(SUPPORT, "/corrigible", "on")
        sure = ana.write(SUPPORT, "The app is broken, it crashes and shows an error")
        unsure = ana.write(SUPPORT, "the blue one by the window")
        question = ana.wait_for_reply(SUPPORT, unsure)
        until(lambda: running.workspace.service.overview("T0LOCAL").predictions == 2)
        offered = [one["text"]["text"] for one in question["blocks"][1]["elements"]]
        ana.press(question, "choose_1")
        settled = ana.wait_for_change(question)

    assert cards(slack, sure) == []
    assert len(offered) == 4
    assert offered[-1] == "Another…"
    assert label_of(settled) == offered[1]


def test_the_bot_keeps_nothing_of_a_channel_until_it_is_turned_on_there(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.write(SUPPORT, "The app crashes")
        until(lambda: any(one["acknowledged_at"] for one in slack.deliveries()))
        ana.command(SUPPORT, "/corrigible", "on reply")
        heard = ana.write(SUPPORT, "The app crashes again")
        ana.wait_for_reply(SUPPORT, heard)
        ana.command(SUPPORT, "/corrigible", "off")
        ana.write(SUPPORT, "And once more")
        until(lambda: len(slack.deliveries()) >= 3 and slack.deliveries()[-1]["acknowledged_at"])
        stored = running.workspace.service.overview("T0LOCAL").predictions

    assert stored == 1


def test_direct_messages_and_mentions_are_always_answered_and_replies_only_with_a_mention(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    me = "<@U0CORRIGIB>"
    with bot(slack, settings(tmp_path, database_url)) as running:
        direct = ana.write(DIRECT_MESSAGES["ana"], "I want a refund")
        ana.wait_for_reply(DIRECT_MESSAGES["ana"], direct)
        mention = ana.write(SUPPORT, f"{me} the app crashes")
        ana.wait_for_reply(SUPPORT, mention)
        ana.write(SUPPORT, "a plain reply", thread_ts=mention)
        ana.write(SUPPORT, f"{me} thanks, well done!", thread_ts=mention)
        until(lambda: len(cards(slack, mention)) == 2)
        stored = running.workspace.service.overview("T0LOCAL").predictions

    assert stored == 3
    assert [label_of(card) for card in cards(slack, mention)] == ["bug", "praise"]


def test_a_deleted_message_is_erased_with_its_card(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        ts = ana.write(SUPPORT, "My secret refund")
        ana.wait_for_reply(SUPPORT, ts)
        ana.delete(SUPPORT, ts)
        until(lambda: not cards(slack, ts))
        with running.database.reading() as session:
            kept = session.connection().exec_driver_sql("SELECT text, user_id FROM message").all()
            vectors = session.connection().exec_driver_sql("SELECT * FROM vector").all()

    assert kept == [("", "")]
    assert vectors == []


def test_the_command_answers_only_the_asker(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        answers = {}
        for word in ("help", "status", "labels", "gibberish"):
            answers[word] = ana.command(SUPPORT, "/corrigible", word)["text"]

    assert answers["gibberish"] == answers["help"]
    assert "I am off in this channel" in answers["status"]
    assert ":bug: *bug* – something is broken" in answers["labels"]
    assert not [one for one in slack.messages(user=BEN) if one.get("bot_id")]


def test_an_edited_message_is_predicted_again_and_its_card_follows(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        ts = ana.write(SUPPORT, "The app crashes with an error")
        before = ana.wait_for_reply(SUPPORT, ts)
        ana.edit(SUPPORT, ts, "I want a refund for my last invoice")
        after = ana.wait_for_change(before)
        predicted = running.workspace.service.overview("T0LOCAL").predictions

    assert label_of(before) == "bug"
    assert label_of(after) == "billing"
    assert predicted == 1


def test_an_edit_that_overtakes_its_message_is_what_counts(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        now = f"{time.time():.6f}"
        said = {"type": "message", "channel": SUPPORT, "user": ANA, "ts": now, "channel_type": "channel"}
        edited = {**said, "text": "I want a refund", "edited": {"user": ANA, "ts": now}}
        changed = {"subtype": "message_changed", "message": edited, "ts": f"{time.time():.6f}"}
        slack.fault("event", event={**said, **changed})
        until(lambda: running.workspace.service.overview("T0LOCAL").predictions == 1)
        slack.fault("event", event={**said, "text": "The app crashes"})
        until(lambda: all(one["acknowledged_at"] for one in slack.deliveries("message")))
        with running.database.reading() as session:
            texts = list(session.exec(select(Message.text)))

    assert texts == ["I want a refund"]
