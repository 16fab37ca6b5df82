from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from bot.language.catalogues import speaking
from bot.slack.speakers import Speakers
from bot.summaries.card import DELETED, UNSUPPORTED, Shown, card
from storage.tables.feedback import Status
from storage.tables.summaries import Making, Opinion, Origin, Summary, SummaryAnswer, SummaryWord
from tests.factories import ANA, BEN, SUPPORT, TEAM, message

NAMES = {ANA: "ana", BEN: "ben"}
SAID = message("The export failed", id="m1", ts="1700000000.000001")


def sentence(text: str, **given: Any) -> dict[str, Any]:
    return {"text": text, "sources": ["m1"], "support": 0.8, "supported": True, "unfounded": [], **given}


def shown(
    *sentences: dict[str, Any],
    words: tuple[tuple[str, Opinion, str], ...] = (),
    polished: str = "",
    **given: Any,
) -> Shown:
    standard: dict[str, Any] = {
        "making": Making.DONE,
        "engine": "generative",
        "title": "SmolLM2",
        "messages": 4,
        "people": 2,
        "read": 4,
    }
    summary = Summary(
        id="s1",
        team_id=TEAM,
        channel_id=SUPPORT,
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        sentences=list(sentences) or [sentence(f"<@{BEN}> mends the export.")],
        **{**standard, **given},
    )
    said = [
        SummaryWord(summary_id="s1", team_id=TEAM, user_id=user, opinion=opinion, text=text)
        for user, opinion, text in words
    ]
    answers = [
        SummaryAnswer(
            response_id="r",
            summary_id="s1",
            team_id=TEAM,
            reviewer="x",
            status=Status.SUBMITTED,
            text=polished,
            answered_at=1.0,
        )
    ]
    link = "https://team.slack.com/archives/C1/p1"
    speaking = Speakers([ANA, BEN], NAMES.__getitem__)
    return Shown(summary, said, answers if polished else [], {"m1": SAID}, lambda _: link, speaking.named)


def told(of: Shown) -> str:
    """Everything that a card says; its blocks are such as Slack takes."""
    blocks = card(of)["blocks"]
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed
        parsed.to_dict()
    return str(blocks)


def test_a_summary_says_how_much_it_covers_who_wrote_it_and_where_it_rests() -> None:
    seen = told(shown())

    assert "*Summary of 4 messages by 2 people*" in seen
    assert "• ben mends the export. <https://team.slack.com/archives/C1/p1|[1]>" in seen
    assert "written by SmolLM2, which can be wrong" in seen
    assert card(shown())["text"] == "Summary of 4 messages by 2 people: ben mends the export."


def test_nobody_is_pinged_and_nothing_that_was_written_is_obeyed() -> None:
    seen = told(shown(sentence(f"<@{ANA}> wrote <!channel> & <https://evil.example|click>")))

    assert "ana wrote &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;" in seen


def test_what_nobody_said_is_marked_in_words() -> None:
    seen = told(
        shown(
            sentence("Everybody is fired.", supported=False), sentence("It took 15 hours.", unfounded=["15"])
        )
    )

    assert UNSUPPORTED in seen
    assert "[not in the messages: 15]" in seen


def test_who_spoke_in_whose_place_is_said_with_the_reason() -> None:
    seen = told(shown(engine="extractive", title="sentence picker", aside="it took longer than 60 seconds"))

    assert "sentences picked from what was said; it took longer than 60 seconds" in seen


def test_a_summary_of_what_was_edited_since_says_so() -> None:
    assert "about an earlier text: a message was edited since" in told(replace(shown(), is_outdated=True))


def test_why_it_was_not_the_model_that_wrote_is_said_in_the_readers_language() -> None:
    late = shown(engine="extractive", title="sentence picker", aside="it took longer than 60 seconds")
    gone = shown(making=Making.FAILED, failed="Slack does not let me read this (is_archived).")

    with speaking("es"):
        assert "el modelo que escribe tardó más de 60 segundos" in told(late)
        assert "Slack no me deja leer esto (is_archived)." in told(gone)
        edited = told(
            shown(engine="extractive", title="sentence picker", words=((BEN, Opinion.EDITED, "Ya."),))
        )

    assert "el primer borrador fue de la selección de frases" in edited


def test_of_a_very_long_thread_is_said_how_much_was_read() -> None:
    assert "200 of the messages were read closely" in told(shown(messages=5_000, read=200))


def test_an_edit_takes_the_place_of_what_the_model_wrote_and_a_reviewers_text_that_of_an_edit() -> None:
    edit = ((BEN, Opinion.EDITED, f"<@{ANA}> waits for the export."),)

    edited, polished = told(shown(words=edit)), told(shown(words=edit, polished="All is well."))

    assert "ana waits for the export." in edited
    assert "edited; the first draft was by SmolLM2" in edited
    assert f"<@{BEN}> edited" in edited
    assert "All is well." in polished
    assert "polished by a reviewer" in polished


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"making": Making.WAITING, "done": 0.5}, "Summarizing …\\n`██████████░░░░░░░░░░` 50%"),
        ({"making": Making.WAITING, "aside": "Slack is slow"}, "Summarizing … Slack is slow"),
        ({"making": Making.FAILED, "failed": "I am not in this channel."}, "I am not in this channel."),
        ({"making": Making.ERASED}, DELETED),
    ],
)
def test_what_is_not_there_yet_or_not_any_more_is_said(given: dict[str, Any], words: str) -> None:
    assert words in told(shown(**given))


def test_a_very_long_text_is_shown_in_as_many_parts_as_slack_wants() -> None:
    long = "\n".join(["the export failed again & again"] * 90)

    seen = card(shown(words=((BEN, Opinion.EDITED, long),)))

    sections = [block["text"]["text"] for block in seen["blocks"] if block["type"] == "section"]
    assert len(sections) > 2
    assert all(len(one) <= 3_000 for one in sections)
    assert sum(one.count("the export failed") for one in sections) == 90
