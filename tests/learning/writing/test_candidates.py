from __future__ import annotations

from pathlib import Path

import pytest

from learning.encoders.encoder import Encoder
from learning.writing import prompting
from learning.writing.candidates import closest
from learning.writing.decoding import Decoder
from learning.writing.hierarchical import Writer
from learning.writing.language_model import LanguageModel, load
from tests.learning.summarizing.tiny_writers import parrot, random_writer, soon, talk

LINES = [
    "Maya: The payment service drops requests since the update of the database driver.",
    "Tom: We go back to the old driver tonight.",
]
GOOD = ["The payment service drops requests.", "Tom goes back to the old database driver tonight."]
WRONG = ["Tom orders pizza for everybody.", "Maya likes the new office."]


def candidates(model: LanguageModel, number: int, limit_s: float = 600) -> list[str]:
    text = "Maya: moves the release"
    prompt = prompting.build(model.style, text, model.tokenizer, model.prefix)
    return Decoder(model, number).candidates(prompt, text, limit_s)


@pytest.mark.parametrize("some", [[GOOD, WRONG], [WRONG, GOOD], [WRONG, GOOD[:1] + WRONG[:1], GOOD]])
def test_what_the_conversation_is_about_is_chosen(encoder: Encoder, some: list[list[str]]) -> None:
    assert some[closest(encoder)(LINES, some)] == GOOD


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5", "bart"])
def test_a_model_of_any_kind_gives_as_many_candidates_as_are_wanted(kind: str, tmp_path: Path) -> None:
    found = candidates(load(random_writer(tmp_path, kind), 1), 4)

    assert len(found) == 4
    assert len(set(found)) > 1


def test_the_same_conversation_is_summarized_in_the_same_words(tmp_path: Path, encoder: Encoder) -> None:
    model = load(random_writer(tmp_path, "llama"), 1)

    said = [Writer(model, closest(encoder), 4).write(talk(5), soon()) for _ in range(2)]

    assert said[0] == said[1]


def test_the_likeliest_comes_first_and_alone_where_no_time_is_left(tmp_path: Path) -> None:
    model = load(parrot(tmp_path), 1)
    likeliest = Decoder(model, 1).candidates("Conversation: Maya: moves Summary:", "Maya: moves", 600)

    hurried = Decoder(model, 5).candidates("Conversation: Maya: moves Summary:", "Maya: moves", 1e-6)

    assert len(likeliest) == 1
    assert len(hurried) == 1
    assert (
        Decoder(model, 5).candidates("Conversation: Maya: moves Summary:", "Maya: moves", 600)[:1]
        == likeliest
    )
