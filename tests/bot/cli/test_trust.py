"""Whose trust reviewers' responses lowered, as `corrigible status` shows it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bot.cli import trust as terminal_trust
from bot.context.settings import Settings
from learning.data.trust import NO_OPERATORS, Belief
from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.privacy import erasure
from storage.tables.feedback import Label, Word
from storage.workspaces import pseudonyms
from tests.databases import on_both
from tests.factories import ANA, BEN, TEAM, label_set, predicted, review, say

CARLA, DAN = "id-of-carla", "id-of-dan"
NAMES = {CARLA: "carla"}


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing", "praise")


def contradict(database: Database, known: dict[str, Label], user: str, *reviewers: str) -> None:
    """A user corrects a message, and these reviewers say that it is something else."""
    one = predicted(database, known["bug"])
    say(database, one, user, known["billing"])
    for reviewer in reviewers:
        review(database, one, known["praise"], reviewer)


def shown(database: Database, belief: Belief = NO_OPERATORS) -> dict[str, str]:
    with database.reading() as session:
        return dict(terminal_trust.rows(session, TEAM, belief, lambda: NAMES))


@on_both
def test_each_user_whom_reviewers_contradicted_is_shown_with_those_who_did(
    database: Database, known: dict[str, Label]
) -> None:
    contradict(database, known, BEN, CARLA)
    contradict(database, known, BEN, CARLA, DAN)
    contradict(database, known, ANA, DAN)

    assert shown(database) == {
        f"trust lowered by reviewers: {BEN}": "0.20 instead of 0.33: 2 corrections contradicted "
        "(by carla 2, id-of-dan 1)",
        f"trust lowered by reviewers: {ANA}": "0.25 instead of 0.33: 1 correction contradicted "
        "(by id-of-dan 1)",
    }


def test_reviewers_who_agreed_or_were_outvoted_lowered_nothing(
    database: Database, known: dict[str, Label]
) -> None:
    right = predicted(database, known["bug"])
    say(database, right, BEN, known["billing"])
    review(database, right, known["billing"], CARLA)
    outvoted = predicted(database, known["bug"])
    say(database, outvoted, BEN, known["billing"])
    for reviewer, label in ((CARLA, "praise"), (DAN, "billing"), ("id-of-eve", "billing")):
        review(database, outvoted, known[label], reviewer)
    tied = predicted(database, known["bug"])
    say(database, tied, ANA, known["bug"], Word.CONFIRMED)
    review(database, tied, known["praise"], CARLA)
    review(database, tied, known["billing"], DAN)

    assert shown(database) == {}


def test_of_a_label_on_which_reviewers_differ_only_those_of_the_verdict_are_named(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"])
    say(database, one, BEN, known["billing"])
    for reviewer, label in ((CARLA, "praise"), (DAN, "praise"), ("id-of-eve", "bug")):
        review(database, one, known[label], reviewer)

    [told] = shown(database).values()
    assert told.endswith("(by carla 1, id-of-dan 1)")


def test_operators_are_trusted_whatever_reviewers_say(database: Database, known: dict[str, Label]) -> None:
    contradict(database, known, BEN, CARLA)

    assert shown(database, Belief(operators=frozenset({BEN}))) == {}


def test_who_was_forgotten_is_not_named(database: Database, known: dict[str, Label]) -> None:
    contradict(database, known, BEN, CARLA)
    with database.writing() as session:
        erasure.disown(session, TEAM, BEN, f"{pseudonyms.FORGOTTEN}1")

    assert shown(database) == {}


def test_of_many_users_some_are_shown_and_the_others_counted(
    database: Database, known: dict[str, Label]
) -> None:
    for number in range(terminal_trust.USERS_SHOWN + 2):
        contradict(database, known, f"U{number:03}", CARLA)

    told = shown(database)

    assert len(told) == terminal_trust.USERS_SHOWN + 1
    assert told["trust lowered by reviewers"] == "2 more users"


def test_names_are_those_of_argillas_users(argilla: SignIn) -> None:
    chosen = Settings(_env_file=None, argilla_api_url=argilla.url, argilla_api_key=argilla.api_key)
    headers = {"X-Argilla-Api-Key": argilla.api_key}
    us = httpx.get(f"{argilla.url}/api/v1/me", headers=headers).json()

    assert terminal_trust.reviewers(chosen)[us["id"]] == us["username"]


def test_without_an_argilla_that_answers_there_are_no_names(tmp_path: Path) -> None:
    silent = Settings(_env_file=None, argilla_api_url="http://127.0.0.1:1", argilla_api_key="key")
    nothing = Settings(_env_file=None, local_argilla_home=tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "credentials.json").write_text("{", encoding="utf-8")
    broken = Settings(_env_file=None, local_argilla_home=tmp_path / "broken")

    assert [terminal_trust.reviewers(one) for one in (silent, nothing, broken)] == [{}, {}, {}]
