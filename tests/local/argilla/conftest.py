"""The people of the embedded Argilla that all tests share, and one dataset that most of them only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.argilla.embedded import SignIn
from tests.local.argilla.asking import Asking, Json, api
from tests.local.argilla.client import rg
from tests.local.argilla.reviews import SECRET, records, settings
from tests.sharing import shared

PEOPLE = ("ana", "ben")  # other tests of this run have made others


@pytest.fixture(scope="session")
def owner(argilla: SignIn) -> Iterator[httpx.Client]:
    """The API as the owner."""
    with api(argilla) as client:
        yield client


@contextmanager
def people(client: rg.Argilla) -> Iterator[dict[str, Any]]:
    """The workspace called reading, in which Ana and Ben annotate."""
    workspace = rg.Workspace("reading", client=client).create()
    for name in PEOPLE:
        user = rg.User(name, role="annotator", password=SECRET, client=client).create()
        user.add_to_workspace(workspace)
    yield {}


@pytest.fixture(scope="session")
def team(argilla: SignIn, run_folder: Path) -> Iterator[rg.Argilla]:
    """Argilla's own client; the workspace is called reading, Ana and Ben annotate there."""
    client = rg.Argilla(argilla.url, argilla.api_key)
    with shared(run_folder, "reading", lambda: people(client)):
        yield client
    client.http_client.close()


@pytest.fixture(scope="session")
def annotators(owner: httpx.Client, team: rg.Argilla, argilla: SignIn) -> Iterator[dict[str, httpx.Client]]:
    """The API as each of the annotators."""
    users = owner.get("/users").json()["items"]
    keys = {one["username"]: one["api_key"] for one in users if one["username"] in PEOPLE}
    with ExitStack() as opened:
        yield {name: opened.enter_context(api(argilla, key)) for name, key in keys.items()}


@pytest.fixture(scope="session")
def reviews(
    owner: httpx.Client, team: rg.Argilla, annotators: dict[str, httpx.Client], run_folder: Path
) -> Iterator[Asking]:
    """The dataset of `reviews.py`, answered by Ana and Ben. For reading only."""
    with shared(run_folder, "reviews", lambda: answered_reviews(team, annotators)) as made:
        yield Asking(owner, made["id"])


@contextmanager
def answered_reviews(team: rg.Argilla, annotators: dict[str, httpx.Client]) -> Iterator[dict[str, Any]]:
    """The dataset, with its id."""
    dataset = rg.Dataset("reviews", workspace="reading", settings=settings(), client=team).create()
    dataset.records.log(records())
    ids = {one.id: str(one._server_id) for one in dataset.records(with_suggestions=False)}
    answers: list[tuple[str, str, str, Json]] = [
        ("ana", "login", "submitted", {"label": "bug", "stars": 1, "tags": ["web"]}),
        ("ben", "login", "submitted", {"label": "question", "stars": 4}),
        ("ana", "slow", "draft", {"label": "thanks"}),
        ("ben", "invoice", "discarded", {}),
        ("ana", "parcel", "submitted", {"label": "question", "stars": 3, "why": "it asks"}),
    ]
    for who, record, status, given in answers:
        values = {question: {"value": value} for question, value in given.items()}
        answer = {"status": status, "values": values}
        answered = annotators[who].post(f"/records/{ids[record]}/responses", json=answer)
        assert answered.status_code == 201, answered.text
    yield {"id": str(dataset.id)}
