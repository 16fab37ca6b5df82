"""Nothing is said by a picture, a colour or an emoji alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bot.classification.card import title
from storage.tables.feedback import Label, LabelSource
from tests.factories import TEAM

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ONLY_SIGNS = re.compile(r"^[\W_]*(:[\w+-]+:[\W_]*)+$")


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call of the bot's code: its file, the name of what is called, and the call."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                yield source.name, called, node


def given(call: ast.Call) -> dict[str | None, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords}


def said(expression: ast.expr | None) -> list[str]:
    """The words in an expression, also where they are translated."""
    inside = ast.walk(expression) if expression else []
    return [node.value for node in inside if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_every_picture_that_is_sent_has_a_text_that_says_the_same() -> None:
    wanted = {
        "files_upload_v2": {"alt_txt", "initial_comment"},
        "ImageBlock": {"alt_text"},
        "ImageElement": {"alt_text"},
    }
    pictures = [(source, name, given(call)) for source, name, call in calls() if name in wanted]

    assert pictures
    for source, name, arguments in pictures:
        assert wanted[name] <= arguments.keys(), source


def test_every_button_has_words() -> None:
    buttons = [
        (source, text)
        for source, name, call in calls()
        if name == "ButtonElement"
        for text in said(given(call).get("text"))
    ]

    assert buttons
    for source, text in buttons:
        assert not ONLY_SIGNS.match(text), source


def test_a_label_is_never_its_emoji_alone() -> None:
    label = Label(team_id=TEAM, name="bug", emoji=":bug:", source=LabelSource.FILE)

    assert title(label) == ":bug: *bug*"


def test_every_picture_of_a_page_has_alt_text() -> None:
    pictures = [
        (page, alt)
        for page in PAGES
        for alt in re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8"))
    ]

    assert pictures
    for page, alt in pictures:
        assert len(alt.split()) >= 3, f"{page.name}: {alt}"


def test_drawings_tell_by_shape_what_they_tell_by_colour() -> None:
    drawings = [picture.read_text(encoding="utf-8") for picture in (ROOT / "docs").glob("*.svg")]

    assert drawings
    for drawn in drawings:
        assert "<title" in drawn
        assert "<desc" in drawn
