from __future__ import annotations

import json
from pathlib import Path

import pytest

from learning.summary_training.fine_tune import MODEL, Pair, fine_tune
from learning.summary_training.recipe import SummaryRecipe, SummaryRecipeError
from learning.tasks.progress import Progress
from learning.writing import prompting
from learning.writing.hierarchical import Writer
from learning.writing.language_model import STYLE_FILE, load
from learning.writing.prompting import Style
from learning.writing.thread import Utterance
from tests.learning.summarizing.tiny_writers import random_writer, soon

SAID = [Utterance("1", "Maya", "moves the release to Friday"), Utterance("2", "Tom", "moves the release")]
PAIRS = [Pair(prompting.transcript(SAID), "Maya moves the release to Friday.")] * 8
QUICK = {"epochs": 30, "learning_rate": 1e-2, "frozen_share": 0.0, "batch_size": 4, "gathered": 2}

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_libraries")]


def tuned(source: str, folder: Path, **recipe: float) -> list[Progress]:
    heard: list[Progress] = []
    chosen = SummaryRecipe.from_json({**QUICK, **recipe})
    fine_tune(source, PAIRS, chosen, folder, 1, heard.append)
    return heard


def written(folder: Path) -> str:
    """What the model that was made writes."""
    return " ".join(Writer(load(str(folder / MODEL), 1)).write(SAID, soon()))


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5", "bart"])
def test_a_model_of_any_kind_learns_to_write_what_people_wrote(kind: str, tmp_path: Path) -> None:
    source = random_writer(tmp_path / "source", kind)

    heard = tuned(source, tmp_path / "run", epochs=80 if kind == "t5" else 30)

    assert written(tmp_path / "run") == PAIRS[0].summary
    assert heard[0].stage == "reading"
    assert [one.done for one in heard] == sorted(one.done for one in heard)


def test_a_model_that_was_shown_examples_needs_none_afterwards(tmp_path: Path) -> None:
    source = random_writer(tmp_path / "source", "llama")

    tuned(source, tmp_path / "run", epochs=1)

    assert load(source, 1).style is Style.EXAMPLES
    assert load(str(tmp_path / "run" / MODEL), 1).style is Style.TUNED


def test_a_model_with_a_chat_template_is_asked_by_it_before_and_after(tmp_path: Path) -> None:
    source = random_writer(tmp_path / "source", "llama", chat=True)

    tuned(source, tmp_path / "run")

    assert load(str(tmp_path / "run" / MODEL), 1).style is Style.CHAT
    assert written(tmp_path / "run") == PAIRS[0].summary


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft's, of transformers 5
def test_what_lora_learned_is_merged_into_a_model_like_any_other(tmp_path: Path) -> None:
    source = random_writer(tmp_path / "source", "llama")

    tuned(source, tmp_path / "run", lora_rank=8, learning_rate=3e-2)

    assert not list((tmp_path / "run" / MODEL).glob("adapter*"))
    before = load(source, 1).model.state_dict()
    after = load(str(tmp_path / "run" / MODEL), 1).model.state_dict()
    assert before.keys() == after.keys()
    assert any("proj" in one and not before[one].equal(after[one]) for one in before)


def test_frozen_layers_and_embeddings_stay_as_they_are(tmp_path: Path) -> None:
    source = random_writer(tmp_path / "source", "llama")

    tuned(source, tmp_path / "run", frozen_share=1.0, epochs=5)

    before = load(source, 1).model.state_dict()
    after = load(str(tmp_path / "run" / MODEL), 1).model.state_dict()
    name = next(one for one in before if "embed_tokens" in one)
    assert before[name].equal(after[name])
    assert any(not before[one].equal(after[one]) for one in before)


def test_a_run_that_was_stopped_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    source = random_writer(tmp_path / "source", "llama")

    class StoppedError(RuntimeError):
        pass

    def stop_late(told: Progress) -> None:
        if told.epoch >= 6:
            raise StoppedError

    recipe = SummaryRecipe.from_json({**QUICK, "epochs": 10})
    with pytest.raises(StoppedError):
        fine_tune(source, PAIRS, recipe, tmp_path / "run", 1, stop_late)
    heard: list[Progress] = []
    fine_tune(source, PAIRS, recipe, tmp_path / "run", 1, heard.append)

    assert min(one.epoch for one in heard if one.stage == "training") >= 5
    assert (tmp_path / "run" / MODEL / STYLE_FILE).is_file()


def test_nothing_that_people_wrote_stays_beside_the_model(tmp_path: Path) -> None:
    tuned(random_writer(tmp_path / "source", "llama"), tmp_path / "run", epochs=1)

    assert [one.name for one in (tmp_path / "run").iterdir()] == [MODEL]
    for file in (tmp_path / "run" / MODEL).glob("*.json"):
        assert PAIRS[0].summary not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"epochs": 0}, "'epochs' must be between 1 and 1000"),
        ({"epochs": 1.5}, "'epochs' must be a whole number"),
        ({"learning_rate": "much"}, "'learning_rate' must be a number"),
        ({"labels": 3}, "'labels' is unknown"),
    ],
)
def test_a_recipe_that_can_not_be_followed_names_its_key(given: dict[str, object], told: str) -> None:
    with pytest.raises(SummaryRecipeError, match=told):
        SummaryRecipe.from_json(given)


def test_a_recipe_survives_being_written_down() -> None:
    recipe = SummaryRecipe(epochs=3, lora_rank=4)

    assert SummaryRecipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
