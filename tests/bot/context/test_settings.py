from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.context import settings
from bot.context.settings import (
    OWN_LABELS,
    SHIPPED_IN,
    SHIPPED_LABELS,
    Settings,
    SettingsError,
    read_settings,
)
from bot.language.catalogues import LANGUAGES, Language
from learning.data.label_file import read_label_file

BOT, APP, SECRET = "xoxb-1-bot", "xapp-1-app", "0123456789abcdef"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without settings, and a folder without `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("SLACK_CLIENT_ID", raising=False)
    monkeypatch.delenv("SLACK_CLIENT_SECRET", raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def _read(environment: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        environment.setenv(name, value)
    return read_settings()


def _fault(environment: pytest.MonkeyPatch, **values: str) -> str:
    with pytest.raises(SettingsError) as error:
        _read(environment, **values)
    return str(error.value)


def test_with_nothing_set_the_bot_serves_this_machine() -> None:
    found = read_settings()

    assert found.is_local
    assert found.labels_file == SHIPPED_LABELS
    assert found.labels_file.exists()
    assert found.database_url.get_secret_value() == "sqlite:///var/corrigible.db"
    assert found.host == "127.0.0.1"


def test_labels_of_ones_own_are_read_where_they_stand_in_the_working_folder() -> None:
    OWN_LABELS.touch()

    assert read_settings().labels_file == OWN_LABELS


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_labels_are_those_in_the_teams_language(language: Language) -> None:
    assert read_settings().labels_in(language) == SHIPPED_IN[language]


@pytest.mark.parametrize("copied", LANGUAGES)
def test_a_copy_of_them_follows_the_teams_language_until_it_is_edited(copied: Language) -> None:
    shutil.copyfile(SHIPPED_IN[copied], OWN_LABELS)
    unedited = read_settings().labels_in("es")
    with OWN_LABELS.open("a", encoding="utf-8") as file:
        file.write("# ours\n")

    assert unedited == SHIPPED_IN["es"]
    assert read_settings().labels_in("es") == OWN_LABELS


def test_a_copy_of_what_was_shipped_once_is_unedited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    OWN_LABELS.write_bytes(b"# of an earlier release\n")
    digest = hashlib.sha256(OWN_LABELS.read_bytes()).hexdigest()
    monkeypatch.setattr(settings, "SHIPPED_BEFORE", {digest})

    assert read_settings().labels_in("es") == SHIPPED_IN["es"]


def test_a_label_file_that_is_named_is_obeyed(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "ours.toml"
    own.write_text("# ours\n", encoding="utf-8")

    assert _read(environment, LABELS_FILE=str(own)).labels_in("pt") == own
    assert _read(environment, LABELS_FILE=str(SHIPPED_IN["pt"])).labels_in("en") == SHIPPED_IN["pt"]


def test_the_shipped_labels_differ_in_their_words_alone() -> None:
    english, *others = (read_label_file(SHIPPED_IN[language]) for language in LANGUAGES)

    for specs in others:
        assert [(one.name, one.emoji) for one in specs] == [(one.name, one.emoji) for one in english]
        assert not {one.description for one in specs} & {one.description for one in english}
        assert all(one.examples for one in specs)


@pytest.mark.parametrize("other", [{"SLACK_APP_TOKEN": APP}, {"SLACK_SIGNING_SECRET": SECRET}])
def test_with_tokens_it_serves_slack(environment: pytest.MonkeyPatch, other: dict[str, str]) -> None:
    assert not _read(environment, SLACK_BOT_TOKEN=BOT, **other).is_local


def test_settings_are_read_from_a_file_too_and_the_environment_wins(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=1111\nHOST=0.0.0.0\nSOMETHING_ELSE=1\n", encoding="utf-8")

    settings = _read(environment, PORT="2222")

    assert (settings.port, settings.host) == (2222, "0.0.0.0")


def test_a_variable_that_is_empty_is_not_set(environment: pytest.MonkeyPatch) -> None:
    settings = _read(environment, SLACK_BOT_TOKEN="", ENCODER="", PORT="")

    assert (settings.is_local, settings.encoder, settings.port) == (True, None, 8318)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"SLACK_BOT_TOKEN": "nonsense"}, "SLACK_BOT_TOKEN: must begin with xoxb-"),
        ({"SLACK_BOT_TOKEN": APP}, "SLACK_BOT_TOKEN: must begin with xoxb-"),
        ({"SLACK_APP_TOKEN": BOT}, "SLACK_APP_TOKEN: must begin with xapp-"),
        (
            {"SLACK_BOT_TOKEN": BOT},
            "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP): one of them",
        ),
        ({"SLACK_APP_TOKEN": APP}, "SLACK_BOT_TOKEN: missing"),
        ({"SLACK_SIGNING_SECRET": SECRET}, "SLACK_BOT_TOKEN: missing"),
        ({"SLACK_API_URL": "slack.com/api"}, "SLACK_API_URL: must be an https:// address"),
        ({"SLACK_API_URL": "http://slack.com/api/"}, "SLACK_API_URL: must be an https:// address"),
        ({"SLACK_API_URL": "http://localhost.evil.example/"}, "SLACK_API_URL: must be an https:// address"),
        ({"SLACK_CLIENT_ID": "1.2"}, "SLACK_CLIENT_SECRET: missing"),
        ({"PORT": "http"}, "PORT: "),
        ({"PORT": "0"}, "PORT: "),
        ({"LOCAL_PORT": "65536"}, "LOCAL_PORT: "),
        ({"ENCODER_MAX_TOKENS": "7"}, "ENCODER_MAX_TOKENS: "),
        ({"THREADS": "0"}, "THREADS: "),
        ({"ASK_BELOW_MARGIN": "1.1"}, "ASK_BELOW_MARGIN: "),
        ({"ASK_BELOW_MARGIN": "half"}, "ASK_BELOW_MARGIN: "),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL: "),
        ({"ARGILLA_API_URL": "https://argilla.example.com"}, "ARGILLA_API_KEY: missing; Argilla shows it"),
        ({"ARGILLA_API_KEY": SECRET}, "ARGILLA_API_URL: missing"),
        ({"ARGILLA_API_URL": "argilla.example.com"}, "ARGILLA_API_URL: must be an address that begins"),
        ({"ARGILLA_NAMES": "nick"}, "ARGILLA_NAMES: "),
        ({"QUERY_STRATEGY": "guess"}, "QUERY_STRATEGY: must be one of "),
        ({"ASK_PER_DAY": "-1"}, "ASK_PER_DAY: "),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    environment: pytest.MonkeyPatch, values: dict[str, str], fault: str
) -> None:
    assert _fault(environment, **values).startswith(fault)


def test_everything_that_is_wrong_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    fault = _fault(environment, PORT="http", THREADS="0", LOG_LEVEL="LOUD", SLACK_APP_TOKEN="nonsense")

    assert [
        name for name in ("SLACK_APP_TOKEN", "PORT", "THREADS", "LOG_LEVEL") if f"{name}: " not in fault
    ] == []


def test_a_fault_never_quotes_a_secret(environment: pytest.MonkeyPatch) -> None:
    fault = _fault(environment, SLACK_BOT_TOKEN="my-secret", SLACK_APP_TOKEN="xapp-my-secret", PORT="http")

    assert "my-secret" not in fault


def test_settings_do_not_show_their_secrets(environment: pytest.MonkeyPatch) -> None:
    given = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP, "SLACK_SIGNING_SECRET": SECRET}

    shown = repr(_read(environment, **given, DATABASE_URL="postgresql://ana:s3cr3t@host/db"))

    assert not any(secret in shown for secret in (BOT, APP, SECRET, "s3cr3t"))


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://slack.com/api", "https://slack.com/api/"),
        ("http://127.0.0.1:8317/api/", "http://127.0.0.1:8317/api/"),
        ("http://[::1]:8317/api//", "http://[::1]:8317/api/"),
    ],
)
def test_slacks_address_ends_with_one_slash(environment: pytest.MonkeyPatch, given: str, used: str) -> None:
    assert _read(environment, SLACK_API_URL=given).slack_api_url == used


@pytest.mark.parametrize(("given", "mode"), [({}, 0o700), ({"MODELS_MODE": "0750"}, 0o750)])
def test_models_are_for_this_user_alone_or_for_its_group_too(
    environment: pytest.MonkeyPatch, given: dict[str, str], mode: int
) -> None:
    _read(environment, **given).artifacts._make_root()

    assert Path("var/models").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("given", ["0755", "750", "group", "0o750"])
def test_models_are_never_for_everybody(environment: pytest.MonkeyPatch, given: str) -> None:
    assert "MODELS_MODE: Input should be '0700', '0750' or '0770'" in _fault(environment, MODELS_MODE=given)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().port = 1  # type: ignore[misc]


def test_the_environment_is_left_as_it_is(environment: pytest.MonkeyPatch) -> None:
    before = dict(os.environ)

    read_settings()

    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://127.0.0.1:8318/argilla/webhook"),
        (
            {"ARGILLA_API_URL": "http://localhost:6900/", "ARGILLA_API_KEY": SECRET, "PORT": "9000"},
            "http://127.0.0.1:9000/argilla/webhook",
        ),
        ({"ARGILLA_API_URL": "https://argilla.example.com", "ARGILLA_API_KEY": SECRET}, None),
        (
            {
                "ARGILLA_API_URL": "https://argilla.example.com",
                "ARGILLA_API_KEY": SECRET,
                "ARGILLA_WEBHOOK_URL": "https://bot.example.com/argilla/webhook",
            },
            "https://bot.example.com/argilla/webhook",
        ),
    ],
)
def test_webhooks_are_asked_for_where_argilla_can_reach_us(
    environment: pytest.MonkeyPatch, given: dict[str, str], expected: str | None
) -> None:
    assert _read(environment, **given).webhook_url == expected


def test_the_address_at_which_reviewers_open_argilla_opens_nothing_by_itself(
    environment: pytest.MonkeyPatch,
) -> None:
    settings = _read(
        environment,
        ARGILLA_API_URL=f"https://proxy:{SECRET}@argilla.example.com/team",
        ARGILLA_API_KEY=SECRET,
    )

    assert settings.argilla_page == "https://argilla.example.com/team"
