from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.classification.card import NO_WORDS, card, metadata
from bot.slack.payloads import target
from storage.feedback.corrections import Spoken
from storage.feedback.responses import Verdict
from storage.messages.contents import Content
from storage.tables.feedback import Label, LabelSource, Word
from storage.tables.messages import Mode
from tests.factories import ANA, BEN, CAT, TEAM, message, prediction

NAMES = ("bug", "billing", "praise", "how-to")


def _labels(*names: str) -> dict[str, Label]:
    return {
        f"l-{name}": Label(id=f"l-{name}", team_id=TEAM, name=name, source=LabelSource.FILE) for name in names
    }


def _content(
    said: list[tuple[str, str, Word]] | None = None, mode: Mode = Mode.REPLY, **given: Any
) -> Content:
    labels = {**_labels(*NAMES), **given.pop("labels", {})}
    one = message("secret words", id="m1", mode=mode)
    ranked = [[label_id, 0.9 / 2**place] for place, label_id in enumerate(labels)]
    standard = {"confidence": 0.734, "ranked": ranked, "version": 3, "revision": 7}
    verdict: Verdict | None = given.pop("verdict", None)
    answer = prediction(one, labels[given.pop("label_id", "l-bug")], **{**standard, **given})
    words = [Spoken("m1", user, f"l-{name}", word, 1.0) for user, name, word in said or []]
    return Content(1, one, answer, words, verdict, labels)


def _words(shown: dict[str, Any]) -> str:
    """All mrkdwn of a card."""
    sections = [block["text"]["text"] for block in shown["blocks"] if block["type"] == "section"]
    contexts = [
        part["text"] for block in shown["blocks"] if block["type"] == "context" for part in block["elements"]
    ]
    return "\n".join(sections + contexts)


def _buttons(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for block in shown["blocks"] if block["type"] == "actions" for part in block["elements"]]


def test_an_answer_shows_label_and_certainty() -> None:
    shown = card(_content())

    assert shown["text"] == "bug, 73% sure"
    assert _words(shown) == "*bug* · 73% sure"
    assert [(button["text"]["text"], button["action_id"], button["value"]) for button in _buttons(shown)] == [
        ("Right", "right", "m1:l-bug"),
        ("Change", "change", "m1"),
    ]


def test_a_labels_emoji_stands_before_its_name() -> None:
    bug = Label(id="l-bug", team_id=TEAM, name="bug", emoji=":bug:", source=LabelSource.FILE)

    assert _words(card(_content(labels={"l-bug": bug}))).startswith(":bug: *bug* · ")


def test_no_answer_is_called_certain() -> None:
    assert "99% sure" in card(_content(confidence=0.9999))["text"]


def test_a_channel_that_is_asked_chooses_among_the_three_likeliest_or_another() -> None:
    shown = card(_content(mode=Mode.ASK))

    assert shown["text"] == "Which label fits this message: bug, billing, praise, or another?"
    assert [button["text"]["text"] for button in _buttons(shown)] == ["bug", "billing", "praise", "Another…"]
    assert [button["value"] for button in _buttons(shown)] == [
        "m1:l-bug",
        "m1:l-billing",
        "m1:l-praise",
        "m1",
    ]
    assert len({button["action_id"] for button in _buttons(shown)}) == 4
    assert _words(shown) == "Which label fits this message? My best guess is bug, 73% sure"


@pytest.mark.parametrize("offered", [2, 4])
def test_a_question_offers_the_set_of_labels_that_was_made_for_it(offered: int) -> None:
    shown = card(_content(mode=Mode.ASK, offered=offered))

    assert [button["text"]["text"] for button in _buttons(shown)] == [*NAMES[:offered], "Another…"]


@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_a_settled_card_says_who_said_what_and_what_the_model_had_said(mode: Mode) -> None:
    shown = card(_content([(ANA, "billing", Word.CHANGED)], mode))

    assert shown["text"] == "billing, settled by 1 person"
    assert _words(shown) == ("*billing* · settled by 1 person\n<@U1> chose *billing* · I said bug, 73% sure")
    assert _buttons(shown)[0]["value"] == "m1:l-billing"


def test_where_people_disagree_most_of_them_settle_it_and_all_are_named() -> None:
    said = [(ANA, "bug", Word.CONFIRMED), (BEN, "praise", Word.PROPOSED), (CAT, "praise", Word.CHANGED)]

    shown = card(_content(said))

    assert shown["text"] == "praise, settled by 2 people"
    assert "<@U1> confirmed *bug* · <@U2> proposed *praise* · <@U3> chose *praise*" in _words(shown)


@pytest.mark.parametrize("said", [None, [(ANA, "bug", Word.CONFIRMED)]])
@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_a_card_says_where_only_the_beginning_was_read(
    said: list[tuple[str, str, Word]] | None, mode: Mode
) -> None:
    assert "I read only its beginning" in _words(card(_content(said, mode, cut=True)))
    assert "I read only its beginning" not in _words(card(_content(said, mode)))


def test_what_was_said_of_an_earlier_text_is_shown_as_that_and_settles_nothing() -> None:
    content = _content()
    edited = replace(
        content,
        message=message("other words", id="m1", meaning=3),
        earlier_words=[Spoken("m1", ANA, "l-billing", Word.CHANGED, 1.0)],
        earlier_verdict=Verdict("l-praise", is_tied=False, reviewers=1),
    )

    shown = card(edited)

    assert shown["text"] == "bug, 73% sure"
    assert "About an earlier text: <@U1> chose *billing* · reviewers chose *praise*" in _words(shown)
    assert [button["value"] for button in _buttons(shown)] == ["m1:l-bug:3", "m1::3"]
    assert [str(target(button["value"])) for button in _buttons(shown)] == ["m1:l-bug:3", "m1::3"]


@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_after_a_small_edit_the_card_asks_whether_the_label_fits_still(mode: Mode) -> None:
    edited = replace(
        _content(mode=mode),
        message=message("other words", id="m1", mode=mode, meaning=1, still="l-billing"),
        earlier_words=[Spoken("m1", ANA, "l-billing", Word.CHANGED, 1.0)],
    )

    shown = card(edited)

    assert shown["text"] == "The message was edited. Still billing?"
    assert _words(shown) == (
        "Still *billing*?\nAbout an earlier text: <@U1> chose *billing*\nI said bug, 73% sure"
    )
    assert [(button["text"]["text"], button["value"]) for button in _buttons(shown)] == [
        ("Yes", "m1:l-billing:1"),
        ("Change", "m1::1"),
    ]


def test_a_message_without_words_is_told_so() -> None:
    content = Content(1, message("", mode=Mode.REPLY), prediction=None, words=[], verdict=None, labels={})

    assert card(content)["text"] == NO_WORDS
    assert _buttons(card(content)) == []


@pytest.mark.parametrize("said", [None, [(ANA, "<!channel> & co", Word.PROPOSED)]])
@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_a_label_named_like_markup_is_shown_and_not_obeyed(
    said: list[tuple[str, str, Word]] | None, mode: Mode
) -> None:
    labels = _labels("<!channel> & co")

    shown = card(
        _content(said, mode, labels=labels, label_id="l-<!channel> & co", ranked=[["l-<!channel> & co", 1]])
    )

    assert "<!channel>" not in shown["text"] + _words(shown)
    assert "&lt;!channel&gt; &amp; co" in shown["text"]


@pytest.mark.parametrize("said", [None, [(f"U{number}", "x" * 60, Word.CHANGED) for number in range(200)]])
@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_the_longest_names_and_many_people_stay_within_slacks_bounds(
    said: list[tuple[str, str, Word]] | None, mode: Mode
) -> None:
    shown = card(_content(said, mode, labels=_labels("x" * 60), label_id="l-" + "x" * 60))

    assert all(len(button["text"]["text"]) <= 75 for button in _buttons(shown))
    assert all(len(button.get("accessibility_label", "")) <= 75 for button in _buttons(shown))
    for block in shown["blocks"]:
        texts = (
            [block["text"], *block.get("elements", [])] if block["type"] == "section" else block["elements"]
        )
        assert all(len(part["text"]) <= 3_000 for part in texts if isinstance(part["text"], str))


@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_a_card_never_repeats_the_message(mode: Mode) -> None:
    assert "secret" not in str(card(_content(mode=mode)))


def test_a_card_is_found_again_by_its_metadata() -> None:
    assert metadata("m1") == {"event_type": "corrigible_card", "event_payload": {"message_id": "m1"}}


def test_of_many_people_a_few_are_named_those_who_disagree_among_them() -> None:
    said = [(f"U{number}", "bug", Word.CONFIRMED) for number in range(10)] + [(BEN, "praise", Word.CHANGED)]

    shown = card(_content(said))

    assert shown["text"] == "bug, settled by 10 people"
    assert f"<@{BEN}> chose *praise*" in _words(shown)
    assert "6 more people" in _words(shown)


@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
@pytest.mark.parametrize("said", [None, [(ANA, "billing", Word.CHANGED)]])
def test_a_card_is_one_text_with_its_buttons_and_shows_no_version(
    said: list[tuple[str, str, Word]] | None, mode: Mode
) -> None:
    shown = card(_content(said, mode, cut=True))

    assert [block["type"] for block in shown["blocks"]] == ["section", "actions"]
    assert "v3" not in str(shown)


@pytest.mark.parametrize(
    ("said", "verdict", "is_offered"),
    [
        ([], None, False),
        ([(ANA, "billing", Word.CHANGED)], None, True),
        ([(ANA, "billing", Word.CHANGED)], Verdict("l-bug", False, 1), True),
        ([(ANA, "billing", Word.CHANGED)], Verdict(None, False, 1), True),
        ([], Verdict("l-bug", False, 1), False),
        ([], Verdict(None, False, 1), False),
    ],
)
def test_undo_is_offered_where_somebody_said_something(
    said: list[tuple[str, str, Word]], verdict: Verdict | None, is_offered: bool
) -> None:
    buttons = [button["action_id"] for button in _buttons(card(_content(said, verdict=verdict)))]

    assert ("undo" in buttons) == is_offered


def test_reviewers_who_disagree_settle_nothing_with_the_others() -> None:
    shown = card(_content(verdict=Verdict("l-billing", False, 3, against=1)))

    assert shown["text"] == "billing, settled by 2 reviewers"
    assert "1 reviewer disagrees" in _words(shown)


@pytest.mark.parametrize("mode", [Mode.REPLY, Mode.ASK])
def test_where_no_label_fits_the_two_that_come_closest_or_a_new_one_can_be_chosen(mode: Mode) -> None:
    shown = card(_content(mode=mode, is_none=True))

    assert shown["text"] == "None of my labels fits. Closest: bug, billing"
    assert _words(shown) == "None of my labels fits this message. Closest: *bug*, *billing*"
    assert [(button["text"]["text"], button["value"]) for button in _buttons(shown)] == [
        ("bug", "m1:l-bug"),
        ("billing", "m1:l-billing"),
        ("New label…", "m1"),
    ]


def test_a_settled_card_says_that_the_model_had_said_none() -> None:
    shown = card(_content([(ANA, "bug", Word.CHANGED)], is_none=True))

    assert (
        _words(shown) == "*bug* · settled by 1 person\n<@U1> chose *bug* · I said that none of my labels fits"
    )
