"""Nothing is said by a picture, a colour or an emoji alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bot.card import title
from storage.tables import Label, LabelSource
from tests.factories import TEAM

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "bot").glob("*.py"))
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


def test_every_picture_that_is_sent_has_a_text_that_says_the_same() -> None:
    for source, name, call in calls():
        if name == "files_upload_v2":
            assert "alt_txt" in given(call), source
            assert "initial_comment" in given(call), source
        if name in ("ImageBlock", "ImageElement"):
            assert "alt_text" in given(call), source


def test_every_button_has_words() -> None:
    for source, name, call in calls():
        text = given(call).get("text")
        if name == "ButtonElement" and isinstance(text, ast.Constant):
            assert not ONLY_SIGNS.match(str(text.value)), source


def test_a_label_is_never_its_emoji_alone() -> None:
    label = Label(team_id=TEAM, name="bug", emoji=":bug:", source=LabelSource.FILE)

    assert title(label) == ":bug: *bug*"


def test_every_picture_of_a_page_has_alt_text() -> None:
    for page in PAGES:
        for alt in re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8")):
            assert len(alt.split()) >= 3, f"{page.name}: {alt}"


def test_drawings_tell_by_shape_what_they_tell_by_colour() -> None:
    for picture in (ROOT / "docs").glob("*.svg"):
        drawn = picture.read_text(encoding="utf-8")
        assert "<title" in drawn
        assert "<desc" in drawn
