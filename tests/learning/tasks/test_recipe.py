from __future__ import annotations

import json

import pytest

from learning.tasks.recipe import Recipe, RecipeError, followed


def test_a_recipe_survives_json() -> None:
    recipe = Recipe(epochs=3, learning_rate=5e-5, balance="weights", frozen_layers=2, augmentation=0.1)

    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_what_is_not_given_is_as_usual() -> None:
    assert Recipe.from_json({}) == Recipe()
    assert Recipe.from_json({"epochs": 4}) == Recipe(epochs=4)


def test_a_whole_number_may_be_written_as_json_likes_and_a_number_without_a_point() -> None:
    found = Recipe.from_json({"epochs": 4.0, "probe": 0})

    assert (found.epochs, found.probe) == (4, 0.0)
    assert (type(found.epochs), type(found.probe)) == (int, float)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", float("nan")),
        ("epochs", float("inf")),
        ("epochs", 2.5),
        ("epochs", True),
        ("epochs", None),
        ("seed", 10**400),
        ("learning_rate", float("nan")),
        ("learning_rate", "1e-4"),
        ("learning_rate", -1),
        ("label_smoothing", 1.0),
        ("validation_share", 0.9),
        ("frozen_layers", -1),
        ("lora_rank", 1.5),
        ("augmentation", [0.1]),
        ("balance", 1),
        ("balance", "Weights"),
        ("epochen", 3),
    ],
)
def test_the_key_that_is_wrong_is_named_and_all_keys_are_listed(key: str, value: object) -> None:
    with pytest.raises(RecipeError, match=f"recipe's '{key}' .*learning_rate") as error:
        Recipe.from_json({key: value})

    assert error.value.key == key


def test_what_recipe_names_counts_before_what_a_search_found_and_that_before_what_is_usual() -> None:
    tuned = {"epochs": 9, "batch_size": 8, "max_tokens": 16}

    recipe = followed({"epochs": 2}, tuned)

    assert (recipe.epochs, recipe.batch_size) == (2, 8)
    assert recipe.max_tokens == Recipe().max_tokens, "no search changes it"
    assert followed({}, None) == Recipe()
