"""What reviewers are shown of the thread of a summary."""

from __future__ import annotations

from collections.abc import Iterator

from learning.annotation.summaries import TEXT_MOST, _thread
from storage.tables.messages import Message, Mode


class Ana:
    """Everybody is called Ana."""

    def named(self, text: str) -> str:
        return text.replace("<@U1>", "Ana")

    def marked(self, text: str) -> str:
        return text


def test_all_of_a_short_thread_is_shown() -> None:
    assert _thread(Ana(), said("Is it *fixed*?", "Yes")) == "**Ana**: Is it \\*fixed\\*\\?\n\n**Ana**: Yes"


def test_of_a_long_thread_no_more_is_read_than_is_shown() -> None:
    thread = said(*["word " * 8_000] * 100)

    shown = _thread(Ana(), thread)

    assert len(shown) == TEXT_MOST
    assert len(list(thread)) == 98  # the second one was looked at


def said(*texts: str) -> Iterator[Message]:
    """Messages with these texts."""
    return iter(
        [
            Message(team_id="T1", channel_id="C1", ts=f"{number}.0", user_id="U1", text=text, mode=Mode.OFF)
            for number, text in enumerate(texts)
        ]
    )
