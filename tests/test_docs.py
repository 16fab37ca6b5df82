"""The pages say what is so: links lead somewhere, and settings and commands exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from bot.app.commands import HELP
from bot.cli.main import app
from bot.context.settings import Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("tests/*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def links(page: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not link.startswith(("http://", "https://", "mailto:")):
            yield link


def words_of(texts: Iterable[str]) -> set[str]:
    """The first word after each `/corrigible`."""
    return set(re.findall(r"`/corrigible ([a-z]+)", "\n".join(texts)))


def commands_of(page: Path) -> set[str]:
    """Of the bot's command line, those that a page shows."""
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|[`/ ])corrigible ([a-z]+)\b(?=[ `\n-])", text, re.MULTILINE))
    return {one for one in named if f"`corrigible {one}" in text or f"bin/corrigible {one}" in text}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_pages_and_links_are_found_at_all() -> None:
    assert any(list(links(page)) for page in PAGES)
    assert any("#" in link for page in PAGES for link in links(page))


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}

    pages = {page for page in PAGES if page.parent == index.parent and page != index}
    assert pages
    assert pages <= listed


def test_every_setting_is_in_the_example_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    told = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))

    assert told == {name.upper() for name in Settings.model_fields}


def test_every_command_that_a_page_names_exists() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = {page.name: commands_of(page) for page in PAGES}

    assert any(named.values())
    for page, found in named.items():
        assert found <= known, page


def test_every_word_of_the_slash_command_that_a_page_names_exists() -> None:
    known = words_of(HELP) | {"summarise"}
    named = {page.name: words_of([page.read_text(encoding="utf-8")]) for page in PAGES}

    assert any(named.values())
    for page, found in named.items():
        assert found <= known, page


def test_the_readme_fits_a_screen_and_a_half() -> None:
    text = README.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 100
    assert len(text.encode()) <= 6_000


def test_every_make_target_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))
    call = re.compile(r"(?:^|`)make ([a-z-]+)(?=`|$| PYTHON| +#)", re.MULTILINE)
    named = {page.name: set(call.findall(page.read_text(encoding="utf-8"))) for page in PAGES}

    assert any(named.values())
    for page, found in named.items():
        assert found <= targets, page


def test_every_command_and_every_word_of_the_slash_command_is_on_the_page_of_commands() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    commands, words = set(get_command(app).commands), words_of(HELP) - {"help"}  # type: ignore[attr-defined]

    assert commands
    assert words
    assert commands <= set(re.findall(r"bin/corrigible ([a-z]+)", page))
    assert words <= words_of([page])


def test_every_benchmark_that_a_page_names_exists() -> None:
    known = {file.parent.name for file in (ROOT / "benchmarks").glob("*/__main__.py")} | {"md"}
    named = {
        page.name: set(re.findall(r"benchmarks\.([a-z_]+)", page.read_text(encoding="utf-8")))
        for page in PAGES
    }

    assert any(found - {"md"} for found in named.values())
    for page, found in named.items():
        assert found <= known, page


@pytest.mark.parametrize("part", ["bot", "learning", "storage"])
def test_the_architecture_lists_each_room_with_what_it_says_of_itself(part: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [file for file in (ROOT / part).glob("*/__init__.py") if file.parent.name != "migrations"]

    assert rooms
    for room in rooms:
        subject = (ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))) or "").partition("\n")[0]
        assert f"| `{room.parent.name}` | {subject} |" in page
