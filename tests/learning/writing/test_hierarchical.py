from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from learning.writing import prompting
from learning.writing.decoding import WRITTEN_TOKENS, Effort
from learning.writing.hierarchical import STRETCH_TOKENS, STRETCHES_SHOWN, OutOfTimeError, Writer
from learning.writing.language_model import STYLE_FILE, LanguageModel, load
from learning.writing.prompting import SENTENCES_MOST
from learning.writing.thread import Utterance
from tests.learning.summarizing.attacks import ATTACKS, attacked
from tests.learning.summarizing.tiny_writers import SAID, noting, parrot, random_writer, soon, talk

pytestmark = pytest.mark.slow


def _styled(folder: Path, style: str, says: str = SAID) -> LanguageModel:
    if style == "source":
        return load(random_writer(folder, "bart"), 1)
    name = parrot(folder, says, chat=style == "chat")
    if style == "tuned":
        (folder / STYLE_FILE).write_text(json.dumps({"style": "tuned", "title": "Tuned"}), encoding="utf-8")
    return load(name, 1)


@pytest.mark.parametrize("kind", ["t5", "bart", "mbart", "pegasus", "gpt2", "llama"])
@pytest.mark.parametrize("number", [1, 5, 90])
def test_any_model_writes_about_any_number_of_messages(kind: str, number: int, tmp_path: Path) -> None:
    writer = Writer(load(random_writer(tmp_path, kind), 1))

    written = writer.write(talk(number), soon())

    assert len(written) <= STRETCHES_SHOWN * SENTENCES_MOST
    assert writer.effort.read > 0


@pytest.mark.parametrize("style", ["chat", "examples", "tuned"])
def test_what_a_causal_model_says_behind_the_prompt_is_the_summary(style: str, tmp_path: Path) -> None:
    model = _styled(tmp_path, style)

    assert model.style == style
    assert Writer(model).write(talk(5), soon()) == [SAID]


def test_a_model_whose_tokenizer_knows_no_line_ends_writes_too(tmp_path: Path) -> None:
    name = parrot(tmp_path)
    about = (tmp_path / "tokenizer.json").read_text(encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text(about.replace('"\\n\\n"', '"else"'), encoding="utf-8")

    assert Writer(load(name, 1)).write(talk(5), soon()) == [SAID]


@pytest.mark.parametrize("style", ["chat", "examples", "tuned", "source"])
def test_no_model_reads_an_attack(style: str, tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, style))

    Writer(model).write(attacked(ATTACKS[0]), soon())

    assert any(prompting.MENTIONED in prompt for prompt in prompts)
    assert not any("HACKED" in prompt for prompt in prompts)


@pytest.mark.parametrize("style", ["chat", "examples", "tuned", "source"])
def test_the_same_messages_have_the_same_summary(style: str, tmp_path: Path) -> None:
    writer = Writer(_styled(tmp_path, style))

    first = writer.write(talk(5), soon())
    writer.write(talk(90), soon())

    assert writer.write(talk(5), soon()) == first


@pytest.mark.parametrize("style", ["chat", "examples", "tuned", "source"])
def test_a_long_thread_is_read_in_stretches_that_fit_and_then_condensed(style: str, tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, style))
    thread = talk(400)
    heard: list[float] = []

    written = Writer(model).write(thread, soon(), heard.append)

    stretches = [prompt for prompt in prompts if thread[0].speaker + ":" in prompt or "Maya:" in prompt]
    tokens = sum(len(f"{one.speaker}: {one.line}".split()) for one in thread)
    assert tokens / STRETCH_TOKENS <= len(stretches) <= len(prompts) <= 2 * tokens / 300
    assert all(
        len(model.tokenizer(prompt)["input_ids"]) + WRITTEN_TOKENS <= model.longest for prompt in prompts
    )
    assert len(written) <= STRETCHES_SHOWN * SENTENCES_MOST
    assert heard == sorted(heard)
    assert 0 < heard[0] <= heard[-1] <= 1


def test_every_message_of_a_long_thread_is_read_once(tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, "tuned"))

    Writer(model).write([Utterance(str(row), "Maya", f"number{row} is here") for row in range(500)], soon())

    read = " ".join(prompts).split()
    assert [word for word in read if word.startswith("number")] == [f"number{row}" for row in range(500)]


def test_the_summaries_of_a_long_thread_are_what_is_read_at_last(tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, "tuned"))

    written = Writer(model).write(talk(400), soon())

    assert prompts[-1].count(SAID) >= 2
    assert set(written) == {SAID}


def test_a_summary_of_several_stretches_says_nothing_twice(tmp_path: Path) -> None:
    written = Writer(_styled(tmp_path, "tuned")).write(talk(400), soon())

    assert len(written) == len(set(written))


def test_a_short_thread_is_read_at_once(tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, "tuned"))

    Writer(model).write(talk(5), soon())

    assert len(prompts) == 1


def test_one_message_of_a_hundred_pages_is_cut(tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, "tuned"))

    Writer(model).write([Utterance("1", "Maya", "the tests are red again " * 20_000)], soon())

    assert len(prompts) == 1
    assert prompts[0].endswith("Summary:")


def test_a_model_of_few_places_still_reads_where_its_answer_begins(tmp_path: Path) -> None:
    name = parrot(tmp_path)
    about = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(
        json.dumps({**about, "max_position_embeddings": 400}), encoding="utf-8"
    )

    assert Writer(load(name, 1)).write(talk(40), soon())[0] == SAID


@pytest.mark.parametrize("kind", ["bart", "gpt2"])
def test_a_model_of_very_few_places_writes_without_an_error(kind: str, tmp_path: Path) -> None:
    writer = Writer(load(random_writer(tmp_path, kind, places=128), 1))

    assert len(writer.write(talk(20), soon())) <= STRETCHES_SHOWN * SENTENCES_MOST


def test_one_sign_messages_of_bots_enemies_do_not_push_the_answer_out_of_the_prompt(tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, "tuned"))
    thread = [Utterance(str(row), "Eve", "<s>") for row in range(200)]

    Writer(model).write(thread, soon())

    assert all(
        len(model.tokenizer(prompt)["input_ids"]) + WRITTEN_TOKENS <= model.longest for prompt in prompts
    )


@pytest.mark.parametrize("thread", [[], [Utterance("1", "Maya", "")], [Utterance("1", "Maya", " \n\t ")]])
def test_of_nothing_nothing_is_written(thread: list[Utterance], tmp_path: Path) -> None:
    writer = Writer(_styled(tmp_path, "tuned"))

    assert writer.write(thread, soon()) == []
    assert writer.effort == Effort()


def test_a_model_that_loops_has_said_nothing(tmp_path: Path) -> None:
    writer = Writer(load(parrot(tmp_path, "the release to", again=True), 1))

    assert writer.write(talk(5), soon()) == []
    assert writer.effort.written <= WRITTEN_TOKENS


def test_a_model_that_repeats_its_sentence_has_said_it_once(tmp_path: Path) -> None:
    writer = Writer(load(parrot(tmp_path, again=True), 1))

    assert writer.write(talk(5), soon()) == [SAID]


@pytest.mark.parametrize("style", ["chat", "examples", "tuned", "source"])
def test_after_its_deadline_a_model_is_not_asked(style: str, tmp_path: Path) -> None:
    writer = Writer(_styled(tmp_path, style))

    with pytest.raises(OutOfTimeError):
        writer.write(talk(5), time.monotonic() - 1)

    assert writer.effort == Effort()


def test_a_deadline_in_the_middle_of_a_long_thread_ends_it_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(load(random_writer(tmp_path, "llama"), 1))
    clock = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr("learning.writing.hierarchical.time", clock)
    told: list[float] = []

    def tell(done: float) -> None:
        told.append(done)
        if len(told) == 2:
            clock.monotonic = lambda: 200.0

    with pytest.raises(OutOfTimeError):
        writer.write(talk(300), 150.0, tell)

    assert len(told) == 2
    assert told[-1] < 0.5


def test_what_was_read_and_written_is_counted(tmp_path: Path) -> None:
    model, prompts = noting(_styled(tmp_path, "tuned"))
    writer = Writer(model)

    writer.write(talk(5), soon())

    assert writer.effort.read == len(model.tokenizer(prompts[0])["input_ids"])
    assert writer.effort.written == len(SAID.split()) + 1
