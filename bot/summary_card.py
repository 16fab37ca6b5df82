"""The card of a summary: what it says, on which messages each sentence rests, who made it, and how to say it better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    MarkdownTextObject,
    SectionBlock,
)

from bot import replies
from bot.card import person
from bot.mrkdwn import clipped, escape
from bot.note import bar
from bot.payloads import Json
from storage.summaries import edited
from storage.tables import Making, Message, Opinion, Status, Summary, SummaryAnswer, SummaryWord

GOOD, BAD, EDIT = "summary_good", "summary_bad", "summary_edit"
METADATA = "corrigible_summary"
SAID = {Opinion.GOOD: "good", Opinion.BAD: "bad", Opinion.EDITED: "edited"}
TEXT_MOST = 2_900
UNSUPPORTED = "[I found nothing in the messages that says this]"
DELETED = "This summary was removed: a message that it was made from was deleted. Ask again for a new one."


@dataclass(frozen=True)
class Shown:
    """A summary as it is shown: its rows, the messages its sentences rest on by id, and people's names by mark.

    `link`: the address of a message; `named`: a text with names in the place of marks.
    """

    summary: Summary
    words: Sequence[SummaryWord]
    answers: Sequence[SummaryAnswer]
    sources: dict[str, Message]
    link: Callable[[Message], str]
    named: Callable[[str], str]


def card(shown: Shown) -> Json:
    """Arguments of chat.postMessage, chat.update and chat.postEphemeral."""
    summary = shown.summary
    if summary.making is Making.ERASED:
        return _message(DELETED, [_section(DELETED)])
    if summary.making is Making.FAILED:
        return _message(summary.failed, [_section(escape(summary.failed))])
    if summary.making is Making.WAITING:
        told = f"Summarizing … {summary.aside}".rstrip()
        return _message(told, [_section(f"{told}\n`{bar(summary.done)}` {summary.done:.0%}")])
    title = (
        f"Summary of {_number(summary.messages, 'message')} by {_number(summary.people, 'person', 'people')}"
    )
    better = _better(shown)
    said = escape(shown.named(better)) if better else "\n".join(_sentences(shown))
    blocks: list[Block] = [_section(f"*{title}*"), *_sections(said)]
    blocks += [_context(_made(shown)), _buttons(summary.id)]
    if shown.words:
        blocks.append(
            _context(" · ".join(f"{person(word.user_id)} {SAID[word.opinion]}" for word in shown.words))
        )
    return _message(f"{title}: {plain_text(shown)}", blocks)


def plain_text(shown: Shown) -> str:
    """What the summary says now, with names and without links."""
    text = _better(shown) or " ".join(one["text"] for one in shown.summary.sentences)
    return shown.named(text)


def metadata(summary_id: str) -> Json:
    """By this the card of a summary is found again in its thread."""
    return replies.metadata(METADATA, "summary_id", summary_id)


def _sentences(shown: Shown) -> list[str]:
    return [f"• {_sentence(shown, one)}" for one in shown.summary.sentences]


def _sentence(shown: Shown, one: Json) -> str:
    links = [
        f"<{shown.link(shown.sources[message_id])}|[{number}]>"
        for number, message_id in enumerate((id_ for id_ in one["sources"] if id_ in shown.sources), 1)
    ]
    parts = [escape(shown.named(one["text"])), *links]
    if not one["supported"]:
        parts.append(escape(UNSUPPORTED))
    elif one["unfounded"]:
        parts.append(f"[not in the messages: {escape(', '.join(one['unfounded']))}]")
    return " ".join(parts)


def _polished(shown: Shown) -> SummaryAnswer | None:
    submitted = [one for one in shown.answers if one.status is Status.SUBMITTED and one.text]
    return submitted[-1] if submitted else None


def _better(shown: Shown) -> str:
    """What people wrote in the place of the summary, reviewers first; empty where nobody did."""
    polished, word = _polished(shown), edited(shown.words)
    if polished:
        return polished.text
    return word.text if word else ""


def _made(shown: Shown) -> str:
    summary = shown.summary
    is_edited = bool(_better(shown))
    version = f" (v{summary.version})" if summary.version else ""
    if is_edited:
        how = "polished by a reviewer" if _polished(shown) else "edited"
        by = f"{how}; the first draft was by {escape(summary.title)}{version}"
    elif summary.engine == "generative":
        by = f"written by {escape(summary.title)}{version}, which can be wrong"
    else:
        by = f"sentences picked{version} from what was said"
    if summary.aside:
        by += f"; {escape(summary.aside)}"
    if summary.read < summary.messages:
        by += f"; {summary.read} of the messages were read closely"
    links = "" if is_edited else " · [1] leads to the message that a sentence rests on"
    return f"{by}{links}"


def _buttons(summary_id: str) -> ActionsBlock:
    def button(text: str, action_id: str, what: str) -> ButtonElement:
        return ButtonElement(text=text, action_id=action_id, value=summary_id, accessibility_label=what)

    return ActionsBlock(
        block_id="summary_actions",
        elements=[
            button("Good", GOOD, "This summary is good"),
            button("Bad", BAD, "This summary is bad"),
            button("Edit", EDIT, "Say what this summary should say"),
        ],
    )


def _number(number: int, one: str, more: str | None = None) -> str:
    return f"1 {one}" if number == 1 else f"{number} {more or one + 's'}"


def _sections(text: str) -> list[Block]:
    """Slack allows 3,000 characters a section: whole lines as far as they fit."""
    sections: list[str] = [""]
    for line in text.split("\n"):
        if len(sections[-1]) + len(line) > TEXT_MOST and sections[-1]:
            sections.append("")
        sections[-1] += f"{clipped(line, TEXT_MOST)}\n"
    return [_section(one.rstrip("\n")) for one in sections if one.strip()]


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text))


def _context(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=clipped(text, TEXT_MOST))])


def _message(text: str, blocks: Sequence[Block]) -> Json:
    return {"text": clipped(escape(text), TEXT_MOST), "blocks": [block.to_dict() for block in blocks]}
