"""What stands of the words that users said on one summary."""

from __future__ import annotations

from collections.abc import Iterable

from storage.tables.summaries import Opinion, SummaryWord


def last_of_each(said: Iterable[SummaryWord]) -> list[SummaryWord]:
    """Of words in the order in which they were said, each user's last that they did not undo.

    Who calls their own text good has written it, and no more.
    """
    standing: dict[str, SummaryWord] = {}
    for word in said:
        if word.opinion is Opinion.GOOD and _author(standing) == word.user_id:
            continue
        standing.pop(word.user_id, None)  # a later word moves its user to the end
        if word.opinion is not Opinion.UNDONE:
            standing[word.user_id] = word
    return list(standing.values())


def _author(standing: dict[str, SummaryWord]) -> str | None:
    """Return who wrote the text that replaces the summary's."""
    edits = (word.user_id for word in reversed(standing.values()) if word.opinion is Opinion.EDITED)
    return next(edits, None)
