"""What the processes that we start know of the bot's environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from learning.encoders.serving import export_apart
from learning.processes.children import end, environment
from learning.training.process import TrainingProcess
from learning.writing.process import _Child
from tests.local.running import until

SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_CLIENT_SECRET",
    "DATABASE_URL",
    "ARGILLA_API_KEY",
    "CORRIGIBLE_POSTGRES_PASSWORD",
    "OPENAI_API_KEY",
    "GITHUB_TOKEN",
    "HF_TOKEN",
    "PGPASSWORD",
    "AZURE_STORAGE_KEY",
    "SOMETHING_NEW",
)
NEEDED = (
    *("LC_ALL", "https_proxy", "NO_PROXY", "CUDA_VISIBLE_DEVICES", "HF_HOME", "MLFLOW_TRACKING_URI"),
    "CORRIGIBLE_HUB",
)
STORE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Python imports it before anything else: it notes the environment that the process has.
NOTE = """
import json, os, pathlib
found = pathlib.Path(__file__).with_name(f"{os.getpid()}.part")
found.write_text(json.dumps(dict(os.environ)))
found.rename(found.with_suffix(".json"))
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """The names of what the one child of a test has in its environment, once it has begun."""
    folder = tmp_path / "noted"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(NOTE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    for name in (*SECRETS, *NEEDED, *STORE):
        monkeypatch.setenv(name, "C" if name == "LC_ALL" else "poison")

    def read() -> set[str]:
        [noted] = until(lambda: list(folder.glob("*.json")))
        return set(json.loads(noted.read_text()))

    return read


@pytest.mark.parametrize(("url", "store"), [("s3://bucket/models", STORE), ("var/models", ())])
def test_training_is_told_what_it_needs_and_of_secrets_those_of_its_models_store_alone(
    url: str, store: tuple[str, ...], tmp_path: Path, known: Callable[[], set[str]]
) -> None:
    (tmp_path / "run").mkdir()
    process = TrainingProcess(tmp_path / "run", 1, url)
    try:
        found = known()
    finally:
        process.stop()

    assert found & {*SECRETS, *STORE} == set(store)
    assert {*NEEDED, "PATH", "OMP_NUM_THREADS"} <= found


def test_a_writing_process_is_told_no_secret(known: Callable[[], set[str]]) -> None:
    child = _Child("", "1", "")
    try:
        found = known()
    finally:
        end(child.process, child.listener)

    assert found & {*SECRETS, *STORE} == set()
    assert {*NEEDED, "PATH"} <= found


def test_an_exporting_process_is_told_no_secret(tmp_path: Path, known: Callable[[], set[str]]) -> None:
    export_apart(str(tmp_path / "nothing"), 32, tmp_path / "export")
    found = known()

    assert found & {*SECRETS, *STORE} == set()
    assert {*NEEDED, "PATH"} <= found


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3a://bucket", "AWS_PROFILE"),
        ("filecache::S3://bucket", "AWS_PROFILE"),
        ("gs://bucket", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("gcs://bucket", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("abfss://bucket", "AZURE_STORAGE_ACCOUNT_NAME"),
    ],
)
def test_the_credentials_of_each_store_are_those_of_its_address(
    url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "opens it")

    assert environment(url)[name] == "opens it"
    assert name not in environment("file:///srv/models")
