"""A message is read as its readers see it: its own words, and those of messages that it forwards."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.message_words import wording
from bot.slack.mrkdwn import plain

Json = dict[str, Any]

LINK = "https://acme.slack.com/archives/C9/p1700000000000100"


def rich(*leaves: Json) -> list[Json]:
    """Rich text in one section."""
    section = {"type": "rich_text_section", "elements": list(leaves)}
    return [{"type": "rich_text", "elements": [section]}]


def words(text: str) -> Json:
    return {"type": "text", "text": text}


CRASH = rich(words("The export crashes"))


@pytest.mark.parametrize(
    "attachment",
    [
        {"is_share": True, "is_msg_unfurl": True, "text": "The export crashes", "from_url": LINK},
        {"is_share": True, "text": "The export crashes", "fallback": "[May 1st] ana: something else"},
        {"is_msg_unfurl": True, "text": "The export crashes", "author_id": "U9", "channel_id": "C9"},
        {"is_msg_unfurl": True, "from_url": LINK, "text": "The export crashes"},
        {"is_share": True, "text": "", "message_blocks": [{"team": "T1", "message": {"blocks": CRASH}}]},
        {"is_share": True, "blocks": CRASH},
        {"is_share": True, "fallback": "[September 19th, 2026 12:29 AM] ana: The export crashes"},
        {"is_share": True, "fallback": "The export crashes"},
    ],
)
def test_a_forwarded_message_is_read_however_slack_shapes_it(attachment: Json) -> None:
    assert wording({"text": "", "attachments": [attachment]}).whole == "The export crashes"


def test_own_words_stand_before_all_that_is_forwarded() -> None:
    shares = [{"is_share": True, "text": "It crashes"}, {"is_share": True, "text": "It hangs"}]
    found = wording({"text": "two bugs", "attachments": shares})

    assert (found.own, found.forwarded) == ("two bugs", "It crashes\nIt hangs")
    assert found.whole == "two bugs\nIt crashes\nIt hangs"


@pytest.mark.parametrize(
    "attachment",
    [
        {"title": "A page", "text": "Its first words", "from_url": "https://example.com"},
        {"is_app_unfurl": True, "text": "A ticket"},
        {"is_msg_unfurl": True, "from_url": LINK, "text": "somebody else's words"},
        {"is_msg_unfurl": True, "original_url": f"{LINK}?thread_ts=1.1&cid=C9", "text": "somebody's reply"},
        {"is_share": True},
        {"is_share": True, "text": 7, "message_blocks": "none", "fallback": None},
    ],
)
def test_what_a_link_unfurls_to_is_nobodys_words(attachment: Json) -> None:
    text = f"see <{LINK}> and <{LINK}?thread_ts=1.1&amp;cid=C9>"

    assert wording({"text": text, "attachments": [attachment]}).whole == text


@pytest.mark.parametrize("attachments", [None, "none", 3, {"is_share": True}, ["none"]])
def test_attachments_of_another_shape_are_passed_over(attachments: Any) -> None:
    assert wording({"text": "It crashes", "attachments": attachments}).whole == "It crashes"


def test_a_text_is_read_rather_than_its_blocks() -> None:
    assert wording({"text": "It crashes", "blocks": rich(words("It crashes"))}).whole == "It crashes"


@pytest.mark.parametrize(
    ("blocks", "read"),
    [
        (rich(words("a < b & c")), "a < b & c"),
        (rich(words("ask "), {"type": "user", "user_id": "U1"}, words(" now")), "ask now"),
        (rich({"type": "usergroup", "usergroup_id": "S1"}, words("please")), "please"),
        (rich({"type": "broadcast", "range": "here"}, words("it is down")), "it is down"),
        (rich(words("it is "), {"type": "emoji", "name": "boom"}), "it is boom"),
        (rich({"type": "link", "url": "https://a.example/?b=1&c=2"}), "https://a.example/?b=1&c=2"),
        (rich({"type": "link", "url": "https://a.example", "text": "the page"}), "the page"),
        (rich({"type": "date", "timestamp": 1, "fallback": "May 1st"}), "May 1st"),
        (
            [
                {
                    "type": "rich_text",
                    "elements": [
                        {"type": "rich_text_section", "elements": [words("Steps:")]},
                        {
                            "type": "rich_text_list",
                            "elements": [
                                {"type": "rich_text_section", "elements": [words("open it")]},
                                {"type": "rich_text_section", "elements": [words("it crashes")]},
                            ],
                        },
                        {"type": "rich_text_quote", "elements": [words("fatal error")]},
                    ],
                }
            ],
            "Steps:\nopen it\nit crashes\nfatal error",
        ),
        (
            [
                {"type": "header", "text": {"type": "plain_text", "text": "New request"}},
                {"type": "divider"},
                {"type": "section", "text": {"type": "mrkdwn", "text": "*What?* it <https://a.b|hangs>"}},
                {"type": "section", "fields": [{"type": "plain_text", "text": "3 < 4"}]},
                {"type": "context", "elements": [{"type": "image"}, {"type": "mrkdwn", "text": "by Ana"}]},
                {"type": "of tomorrow", "text": "?"},
            ],
            "New request\n*What?* it hangs\n3 < 4\nby Ana",
        ),
    ],
)
def test_a_message_of_blocks_alone_is_read(blocks: list[Json], read: str) -> None:
    assert plain(wording({"text": "", "blocks": blocks}).whole) == read


@pytest.mark.parametrize("blocks", [None, "x", [1], [{"type": "rich_text", "elements": [{"elements": 3}]}]])
def test_blocks_of_another_shape_say_nothing(blocks: Any) -> None:
    assert wording({"blocks": blocks, "files": [{"id": "F1", "title": "A picture"}]}).whole == ""
