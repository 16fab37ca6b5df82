from __future__ import annotations

from pathlib import Path

import pytest

from learning.data.label_file import LabelFileError, read_label_file
from storage.feedback.labels import LabelSpec

TWO = """
[[label]]
name = "bug"

[[label]]
name = "billing"
"""


def test_a_file_is_read_as_its_labels_in_order(tmp_path: Path) -> None:
    file = _write(
        tmp_path,
        """
        # our labels
        [[label]]
        name = "how-to"
        description = "  a question about how to do something "
        emoji = ":question:"
        examples = ["How do I log in?", "Wo finde ich meine Rechnung?"]

        [[label]]
        name = "Ärger"
        """,
    )

    assert read_label_file(file) == [
        LabelSpec(
            "how-to",
            "a question about how to do something",
            ":question:",
            ("How do I log in?", "Wo finde ich meine Rechnung?"),
        ),
        LabelSpec("Ärger"),
    ]


def test_the_file_that_comes_with_the_bot_can_be_read() -> None:
    specs = read_label_file(Path(__file__).parents[3] / "bot" / "labels.toml")

    assert len(specs) >= 2
    assert all(spec.description for spec in specs)


def test_the_mark_that_windows_editors_write_first_is_harmless(tmp_path: Path) -> None:
    file = tmp_path / "labels.toml"
    file.write_text(TWO, encoding="utf-8-sig")

    assert [spec.name for spec in read_label_file(file)] == ["bug", "billing"]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('name = "bug"\ncolour = 3', "line 3: 'colour' is not a field; known are description, emoji, examples, name"),
        ('description = "broken"', "line 1: name is missing; give the label a short name"),
        ('name = "  "', "line 2: name is missing; give the label a short name"),
        ("name = 7", "line 2: name is missing; give the label a short name"),
        ('description = "it\'s broken"\nname = " bug"', "line 3: name must be one line of at most 60 characters"),
        ('name = "two\\nlines"', "line 2: name must be one line"),
        (f'name = "{"x" * 61}"', "line 2: name must be one line of at most 60 characters"),
        ('name = "bug"\ndescription = 3', "line 3: description must be text of at most 1000 characters"),
        (f'name = "bug"\n\ndescription = "{"x" * 1001}"', "line 4: description must be text of at most 1000"),
        ('name = "bug"\nemoji = true', "line 3: emoji must be text"),
        ('name = "bug"\n"emoji" = "🐛"', "line 3: emoji must be a Slack code such as :bug:, not '🐛'"),
        ('name = "bug"\nemoji = "bug"', "line 3: emoji must be a Slack code such as :bug:, not 'bug'"),
        ('name = "bug"\nexamples = "It crashes"', "line 3: examples must be a list of texts"),
        ('name = "bug"\nexamples = ["It crashes", 3]', "line 3: examples must be a list of texts"),
        ('name = "bug"\nexamples = [" "]', "line 3: examples must be a list of texts"),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_and_field(tmp_path: Path, entry: str, fault: str) -> None:
    faults = _faults(_write(tmp_path, f'[[label]]\n{entry}\n\n[[label]]\nname = "billing"\n'))

    assert len(faults) == 1
    assert faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("first", "second"), [("bug", "bug"), ("Bug", "bUG"), ("Ärger", "ärger"), ("Maß", "MASS")]
)
def test_two_labels_of_one_name_are_both_pointed_at(tmp_path: Path, first: str, second: str) -> None:
    file = _write(tmp_path, f'[[label]]\nname = "{first}"\n\n[[label]]\nemoji = ":bug:"\nname = "{second}"\n')

    assert _faults(file) == [f"line 6: name {second!r} stands already on line 2"]


@pytest.mark.parametrize(
    ("first", "second"), [(":bug:", ":bug:"), (":boom:", ":collision:"), (":+1:", ":thumbsup::skin-tone-3:")]
)
def test_two_labels_of_one_emoji_are_both_pointed_at(tmp_path: Path, first: str, second: str) -> None:
    bug, billing = f'name = "bug"\nemoji = "{first}"', f'name = "billing"\nemoji = "{second}"'
    file = _write(tmp_path, f"[[label]]\n{bug}\n\n[[label]]\n{billing}\n")

    told = f"line 7: emoji {second!r} stands already on line 3; give each label an emoji of its own"
    assert _faults(file) == [told]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds 0 labels; a model needs two to choose from"),
        ('[[label]]\nname = "bug"', "holds 1 label; a model needs two to choose from"),
        ('[label]\nname = "bug"', "write each label as a [[label]] table"),
        ("label = 3", "write each label as a [[label]] table"),
        ('label = ["bug", "billing"]', "write each label as a [[label]] table"),
        (f"{TWO}\n[[labels]]\nname = 'praise'", "'labels' is not known here; write [[label]] tables"),
        ("label: bug", "not TOML: Expected '=' after a key in a key/value pair (at line 1, column 6)"),
    ],
)
def test_a_file_of_another_shape_is_told_how_to_be(tmp_path: Path, text: str, fault: str) -> None:
    assert _faults(_write(tmp_path, text)) == [fault]


def test_all_faults_are_told_at_once_each_with_the_file(tmp_path: Path) -> None:
    file = _write(
        tmp_path, '[[label]]\nname = ""\nemoji = "bug"\n\n[[label]]\nname = "billing"\ncolour = 3\n'
    )

    with pytest.raises(LabelFileError) as error:
        read_label_file(file)

    assert [line.split(": ")[1] for line in str(error.value).splitlines()] == ["line 2", "line 3", "line 7"]
    assert all(line.startswith(f"{file}: ") for line in str(error.value).splitlines())


def test_labels_written_in_line_are_read_and_their_faults_counted(tmp_path: Path) -> None:
    assert _faults(_write(tmp_path, 'label = [{name = "bug"}, {name = ""}]')) == [
        "label 2: name is missing; give the label a short name"
    ]


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        LabelFileError, match=r"labels\.toml: can't be read \(.+\); write one or set LABELS_FILE"
    ):
        read_label_file(tmp_path / "labels.toml")


def test_a_folder_in_the_place_of_the_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LabelFileError, match="can't be read"):
        read_label_file(tmp_path)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "labels.toml"
    file.write_bytes('[[label]]\nname = "Ärger"'.encode("latin-1"))

    assert _faults(file) == ["is not UTF-8 text"]


def _write(folder: Path, text: str) -> Path:
    file = folder / "labels.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _faults(file: Path) -> list[str]:
    with pytest.raises(LabelFileError) as error:
        read_label_file(file)
    return error.value.faults
