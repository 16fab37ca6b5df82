"""Text that users wrote is searched by RE2 (`learning/text`); who uses `re`, which may take forever, says why."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from learning.text.linear import SPACE, WORD, Pattern
from tests.properties import REPEATABLE

ROOT = Path(__file__).parent.parent
PARTS = ("bot", "learning", "storage", "local")
BACKTRACKING = {"re", "regex", "sre_compile", "sre_parse", "fnmatch"}
# Each of these either reads what no user writes, or has expressions that never go back over what they read.
MAY_USE_RE = {
    "bot/cli/kept_files.py": "names of our own files",
    "bot/installation/oauth.py": "ids of Slack: one repetition of at most 30 letters",
    "bot/transport/respond.py": "an address as a whole: what may repeat ends at a sign that it can't hold",
    "bot/slack/shapes.py": "one value as a whole: each is one repetition, with a bound",
    "bot/transport/signature.py": "one header as a whole: at most 12 digits",
    "bot/context/traces.py": "the code of an error as a whole: at most 64 letters",
    "learning/model_files/artifacts.py": "names of our own folders, and the address in the settings",
    "learning/processes/children.py": "names of environment variables",
    "learning/data/formulas.py": "the beginning of a cell, up to the first sign that is no space",
    "learning/model_files/hub.py": "names in settings and of files; an address in an error, to the next space",
    "learning/text/names.py": "each expression matches one sign and its neighbours",
    "local/argilla/embedded.py": "names of environment variables",
    "local/slack/transport/guard.py": "the path of a request, at its beginning",
    "storage/database/file_modes.py": "names of our own files",
    "storage/text/encodable.py": "matches one sign",
    "bot/app/listeners.py": "Bolt takes expressions of `re` alone; they match the ids of our own buttons",
    "bot/context/logs.py": "log lines, which hold no message; each alternative ends at the next space, slash or @",
    "bot/slack/mrkdwn.py": "RE2 has no lookaround; what is made inert ends at the next sign of its kind",
    "bot/slack/speakers.py": "RE2 has no lookaround; each alternative looks at one sign and its neighbours",
    "bot/context/settings.py": "addresses in the settings",
    "bot/summaries/reasons.py": "our own sentences about a summary, with one value in each",
    "bot/transport/web.py": "the path of a request: one repetition, of letters alone, at its end",
    "learning/data/sources.py": "a name on the hub, from the command line",
    "local/argilla/search/query_parser.py": "Argilla has no RE2; each part ends at the next space or quote",
    "local/argilla/search/words.py": "Argilla's environment has no RE2; each expression matches one sign",
    "local/slack/state/directory.py": "a channel's name: one repetition of at most 80 letters",
    "local/slack/api/users.py": "an emoji's name: one repetition, of letters that may not follow it",
    "local/slack/wire/mrkdwn.py": "each expression ends at the next <, > or sign that is in no name",
}


def _uses_re(file: Path) -> bool:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.partition(".")[0] in BACKTRACKING for name in names):
            return True
    return False


def test_only_modules_with_a_reason_use_expressions_that_may_backtrack() -> None:
    files = [ROOT / "corrigible.py", *(file for part in PARTS for file in (ROOT / part).rglob("*.py"))]
    users = {str(file.relative_to(ROOT)) for file in files if _uses_re(file)}

    assert users == set(MAY_USE_RE)


def test_re2_is_used_in_one_place_where_its_differences_are_known() -> None:
    files = [file for part in PARTS for file in (ROOT / part).rglob("*.py")]
    users = [file for file in files if "import re2" in file.read_text(encoding="utf-8")]

    assert users == [ROOT / "learning" / "text" / "linear.py"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ab ab-ab", ["ab", "ab", "ab"]),
        ("abab cab éab ab٣ ab_", []),
        ("中ab ab中 😀ab", ["ab"]),
        ("\x00ab\ud800ab", ["ab", "ab"]),
        ("ab", ["ab"]),
    ],
)
def test_a_match_is_bounded_by_what_python_takes_for_a_word(text: str, found: list[str]) -> None:
    assert Pattern("ab", unless_after=WORD, unless_before=WORD).findall(text) == found


@REPEATABLE
@given(some.text(alphabet="ab-_ é٣中😀\n\u2003", max_size=12))
def test_it_matches_what_pythons_lookaround_would(text: str) -> None:
    slow = re.compile(r"(?<!\w)(?P<first>a|-)[ab-]*?\s*(?!\w)")
    same = Pattern(rf"(?P<first>a|-)[ab-]*?[{SPACE}]*", unless_after=WORD, unless_before=WORD)

    assert [(one[0], one["first"]) for one in same.finditer(text)] == [
        (one[0], one["first"]) for one in slow.finditer(text)
    ]
    assert same.sub("<>", text) == slow.sub("<>", text)


def test_all_but_the_matches_stays_as_it_is() -> None:
    spaces = Pattern(rf"(?P<first>[{SPACE}])[{SPACE}]*")

    assert spaces.sub(lambda found: found["first"], "é\u2003\u3000 ü\n\t中 ") == "é\u2003ü\n中 "
    assert spaces.sub(r"\1", "a  b") == r"a\1b"


def test_an_empty_group_and_one_without_a_part_are_both_empty() -> None:
    [found] = Pattern("a(?P<some>b*)(?P<more>c)?").finditer("xa")

    assert (found[0], found["some"], found["more"]) == ("a", "", "")


def test_a_match_of_one_sign_ends_and_the_next_one_begins_behind_it() -> None:
    assert Pattern("-", unless_after=WORD).findall("--a--é-") == ["-", "-", "-"]
    assert Pattern("é|-", unless_after="a").findall("éé-aé") == ["é", "é", "-"]
