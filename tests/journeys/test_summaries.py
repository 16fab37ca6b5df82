"""From a thread in Slack to a summary that people judge and improve, until its messages are deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, expect
from sqlmodel import select

from local.slack.person import Person
from storage.tables.summaries import Summary, SummaryWord
from tests.databases import on_both
from tests.journeys.pages import take_picture, write
from tests.journeys.threads import (
    THREAD,
    allow_summaries,
    rewrite,
    summarize,
    summary_of,
    thread,
)
from tests.local.running import Slack, until
from tests.running import ANA, BEN, SUPPORT, bot, settings

NAMES = {ANA: "ana", BEN: "ben"}
BETTER = "ben deletes the archives from March today and starts the export again tonight."


@on_both
def test_a_thread_is_summarized_judged_edited_and_erased(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        allow_summaries(ana, SUPPORT)
        ts = thread(slack, SUPPORT)
        summary = summarize(ana, slack, SUPPORT, ts)
        writers = children("learning.writing")
        ben.press(summary, "summary_good")
        until(lambda: f"<@{BEN}> good" in str(summary_of(slack, SUPPORT, ts)["blocks"]))
        better = "Ben deletes old archives so that the export works again before Thursday."
        rewrite(ana, summary_of(slack, SUPPORT, ts), better)
        until(lambda: "ben deletes old archives" in summary_of(slack, SUPPORT, ts)["text"])
        with running.database.reading() as session:
            [kept] = [word.text for word in session.exec(select(SummaryWord)) if word.text]
        ana.delete(SUPPORT, ts)
        until(lambda: "was deleted" in summary_of(slack, SUPPORT, ts)["text"])
        with running.database.reading() as session:
            [erased] = session.exec(select(Summary))
            words = [word.text for word in session.exec(select(SummaryWord))]

    assert "4 messages by 2 people" in summary["text"]
    said = [f"{NAMES[user]}: {text}" for user, text in THREAD]
    found = [said.index(line.split(" <http")[0].removeprefix("• ")) for line in lines(summary)]
    assert len(found) == 3
    assert found == sorted(found), "what somebody said, under their name, in its order"
    assert writers == [], "nothing that writes is started"
    assert f"/archives/{SUPPORT}/p" in str(summary["blocks"])
    assert kept.startswith(f"<@{BEN}> deletes")
    assert erased.sentences == []
    assert words == ["", ""]


def lines(summary: dict[str, Any]) -> list[str]:
    """The sentences of a summary as its card shows them."""
    return [
        line
        for block in summary["blocks"]
        for line in str(block.get("text", {}).get("text", "")).split("\n")
        if line.startswith("• ")
    ]


def children(module: str) -> list[int]:
    """Processes of this one that run a module."""
    return [one.pid for one in psutil.Process().children(recursive=True) if module in " ".join(one.cmdline())]


def whisper(page: Page, words: str) -> None:
    expect(page.locator(".ephemeral").filter(has_text=words).last).to_be_visible()


def choose_to_summarize(page: Page) -> None:
    """Choose the shortcut in the menu of the thread's first message."""
    message = page.get_by_test_id("message").filter(has_text=THREAD[0][1]).first
    message.hover()
    message.get_by_test_id("more").click()
    page.get_by_text("Summarize thread").click()


def test_a_summary_is_judged_and_improved_on_the_page(
    slack: Slack, page: Page, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        page.goto(f"{slack.url}/#channel=support&user=ana")
        thread(slack, SUPPORT)
        choose_to_summarize(page)
        whisper(page, "Summaries are off in this channel.")
        write(page, "/corrigible summaries on")
        whisper(page, "On. I told the channel.")

        choose_to_summarize(page)
        page.get_by_test_id("reply-count").click()
        card = page.get_by_test_id("reply").filter(has_text="Summar").last
        expect(card).to_contain_text("Summary of 4 messages by 2 people")
        expect(card).to_contain_text("ben: I saw it. The disk of the export server is full, 98 percent.")
        expect(card).to_contain_text("sentences picked (v2) from what was said")
        take_picture(page, "summary.png")

        with page.context.expect_page() as opened:
            card.get_by_role("link", name="[1]").first.click()
        expect(opened.value.get_by_text(THREAD[0][1]).first).to_be_visible()
        opened.value.close()

        card.get_by_text("Good", exact=True).click()
        expect(card).to_contain_text("@ana good")
        card.get_by_text("Edit", exact=True).click()
        page.get_by_test_id("modal").get_by_role("textbox").fill(BETTER)
        page.get_by_test_id("modal-submit").click()
        expect(card).to_contain_text(BETTER)
        expect(card).to_contain_text("edited; the first draft was by sentence picker (v2)")
        expect(card).to_contain_text("@ana edited")
