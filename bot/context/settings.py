"""Settings: read once from the environment and `.env`, checked together, then frozen."""

from __future__ import annotations

import filecmp
import hashlib
import re
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv.parser import parse_stream
from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettingError

from bot.context.schedule import check_cron
from bot.language.catalogues import Language
from learning.active.query_strategies import DEFAULT_STRATEGY, STRATEGIES
from learning.data.trust import Belief
from learning.model_files.artifacts import Artifacts
from learning.summary_training.recipe import SummaryRecipe
from learning.tasks.recipe import Recipe
from learning.text.masking import REGIONS
from storage.tables.feedback import Panel

SHIPPED_LABELS = Path(__file__).parents[1] / "labels.toml"
SHIPPED_IN: dict[Language, Path] = {
    "en": SHIPPED_LABELS,
    "pt": SHIPPED_LABELS.with_name("labels.pt.toml"),
    "es": SHIPPED_LABELS.with_name("labels.es.toml"),
}
OWN_LABELS = Path("labels.toml")
# Digests (SHA-256) of files that were shipped once: whoever has one of these edited nothing.
SHIPPED_BEFORE = frozenset(
    {
        "3208b2d8d9358e61778709bed408e51a6b9afa90b3ba68c6a1071d3347e1c644",
        "da7ab8cf31ffcf9177f682e49b541870567c7d5f3038454d1c0b05b97908c332",
        "453b812345e55699fdb9cac887011a06a8e7f2a1059956c986b876232e4997ad",
        "ada97bdf4bca860a3b52aab8170426e4f8757b6e0ca48861692e7838d6800fe0",
        "8a4685621f2b5595655695daf720cfb9349f6d6d796ba05ff8c3a9248c62155b",
    }
)
# So many answers on one message show whether reviewers agree.
TWO = 2


class SettingsError(ValueError):
    """Settings can't be used; the message names everything that is wrong, and no secret."""


class Settings(BaseSettings):
    """Everything an operator can set; the name of each variable is the field's, in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = Field(default=None, validate_default=True)
    slack_signing_secret: SecretStr | None = Field(default=None, validate_default=True)
    slack_redirect_url: str | None = None
    slack_api_url: str = "https://slack.com/api/"
    database_url: SecretStr = SecretStr("sqlite:///var/corrigible.db")
    labels_file: Path = Field(default_factory=lambda: OWN_LABELS if OWN_LABELS.exists() else SHIPPED_LABELS)
    encoder: str | None = None
    encoder_max_tokens: int = Field(default=256, ge=8, le=8192)
    threads: int = Field(default=1, ge=1, le=256)
    engine: Literal["auto", "onnx", "torch"] = "auto"
    exports: Path | None = None
    summarizer: str | None = None
    summary_seconds: float = Field(default=120, ge=1, le=3600)
    summary_recipe: dict[str, Any] = Field(default_factory=dict)
    mask_personal_data: bool = True
    phone_regions: Annotated[tuple[str, ...], NoDecode] = REGIONS
    ask_below_margin: float = Field(default=0.3, ge=0, le=1)
    max_wrong_none: float = Field(default=0.05, ge=0, lt=0.5)
    max_not_offered: float = Field(default=0.1, ge=0, lt=0.5)
    argilla_api_url: str | None = None
    argilla_api_key: SecretStr | None = Field(default=None, validate_default=True)
    argilla_workspace: str = "corrigible"
    argilla_dataset: str | None = None
    argilla_min_submitted: int = Field(default=1, ge=1, le=99)
    argilla_overlap: float = Field(default=0.1, ge=0, le=1)
    argilla_names: Literal["real", "pseudonym", "none"] = "pseudonym"
    argilla_webhook_url: str | None = None
    ask_cron: str = "* * * * *"
    ask_per_day: int = Field(default=50, ge=0, le=100_000)
    query_strategy: str = DEFAULT_STRATEGY
    trust_at_least: float = Field(default=0.75, ge=0, le=1)
    uncontested_most: int = Field(default=30, ge=0)
    operators: Annotated[tuple[str, ...], NoDecode] = ()
    ops_channel: str | None = None
    timezone: str = "UTC"
    language: Language = "en"
    retrain_cron: str = "0 3 * * *"
    retention_cron: str = "0 4 * * *"
    digest_cron: str = "0 9 * * 1"
    retrain_after_labels: int = Field(default=100, ge=0, le=1_000_000_000)
    retrain_after_summaries: int = Field(default=20, ge=0)
    drift_cron: str = "0 2 * * *"
    recipe: dict[str, Any] = Field(default_factory=dict)
    training_threads: int = Field(default=1, ge=1, le=256)
    report_to: Literal["none", "tensorboard", "mlflow", "trackio"] = "none"
    holdout_share: float = Field(default=0.2, gt=0, lt=1)
    gate_margin: float = Field(default=0.01, ge=0, le=1)
    gate_label_drop: float = Field(default=0.15, ge=0, le=1)
    gate_calibration: float = Field(default=0.05, ge=0, le=1)
    gate_latency: float = Field(default=1.5, ge=1)
    duel_per_day: int = Field(default=10, ge=0, le=100_000)
    duel_most: int = Field(default=200, ge=1, le=100_000)
    label_questions_per_day: int = Field(default=2, ge=0, le=100)
    watch_tolerance: float = Field(default=0.05, ge=0, le=1)
    watch_settle_minutes: float = Field(default=60, ge=0)
    posts_per_second: float = Field(default=1.0, gt=0)
    post_burst: int = Field(default=10, ge=1)
    models_url: str = "var/models"
    models_mode: Literal["0700", "0750", "0770"] = "0700"
    workplace: Path = Path("var/training")
    host: str = "127.0.0.1"
    port: int = Field(default=8318, ge=1, le=65535)
    local_port: int = Field(default=8317, ge=1, le=65535)
    local_state: Path = Path("var/local-slack.db")
    local_argilla_port: int = Field(default=6900, ge=0, le=65535)
    local_argilla_home: Path = Path("var/argilla")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = None

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _looks_like_a_token(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        prefix = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if value and not value.get_secret_value().startswith(prefix):
            raise ValueError(f"must begin with {prefix}; copy it again from your app's page at Slack")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _is_a_base_url(cls, value: str) -> str:
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]", value):
            raise ValueError("must be an https:// address, or http:// on this machine")
        return value.rstrip("/") + "/"

    @field_validator("slack_signing_secret")
    @classmethod
    def _completes_the_tokens(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "slack_bot_token" not in info.data or "slack_app_token" not in info.data:
            return secret  # one of them is wrong, and is named already
        bot_token, other = info.data["slack_bot_token"], info.data["slack_app_token"] or secret
        if info.data.get("slack_client_id"):
            if not secret:
                raise ValueError("missing; Slack shows it under Basic Information, beside the client secret")
            return secret
        if other and not bot_token:
            raise ValueError(
                "SLACK_BOT_TOKEN: missing; it begins with xoxb- and is shown after installing the app"
            )
        if bot_token and not other:
            raise ValueError(
                "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP): one of them is needed too"
            )
        return secret

    @field_validator("argilla_api_url", "argilla_webhook_url", "slack_redirect_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value and not re.match(r"https?://[^/\s]+", value):
            raise ValueError("must be an address that begins with https:// or http://")
        return value.rstrip("/") if value else None

    @field_validator("argilla_api_key")
    @classmethod
    def _completes_the_address(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        url = info.data.get("argilla_api_url")
        if url and not key:
            raise ValueError("missing; Argilla shows it under My settings to an owner or admin")
        if key and not url and "argilla_api_url" in info.data:
            raise ValueError("ARGILLA_API_URL: missing; it is the address at which you open Argilla")
        return key

    @field_validator("query_strategy")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in STRATEGIES:
            raise ValueError(f"must be one of {', '.join(sorted(STRATEGIES))}")
        return value

    @field_validator("phone_regions")
    @classmethod
    def _are_countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        regions = tuple(one.upper() for one in value)
        unknown = [one for one in regions if one not in SUPPORTED_REGIONS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no country; write codes of two letters, such as US, PT")
        return regions

    @field_validator("operators", "phone_regions", mode="before")
    @classmethod
    def _is_a_list(cls, value: Any) -> Any:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("ask_cron", "retrain_cron", "drift_cron", "retention_cron", "digest_cron")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        return check_cron(value)

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (
            ZoneInfoNotFoundError,
            ValueError,
            OSError,
        ) as error:  # OSError: a folder of them, such as Europe
            raise ValueError("must be the name of a time zone, such as UTC or Europe/Lisbon") from error
        return value

    @field_validator("recipe")
    @classmethod
    def _can_be_followed(cls, value: dict[str, Any]) -> dict[str, Any]:
        Recipe.from_json(value)
        return value

    @field_validator("summary_recipe")
    @classmethod
    def _can_be_followed_too(cls, value: dict[str, Any]) -> dict[str, Any]:
        SummaryRecipe.from_json(value)
        return value

    @field_validator("slack_client_secret")
    @classmethod
    def _completes_the_client(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        client_id = info.data.get("slack_client_id")
        if bool(client_id) != bool(secret):
            missing = "SLACK_CLIENT_SECRET" if client_id else "SLACK_CLIENT_ID"
            raise ValueError(f"{missing}: missing; Slack shows both under Basic Information")
        if client_id and info.data.get("slack_bot_token"):
            raise ValueError(
                "SLACK_BOT_TOKEN: remove it, or SLACK_CLIENT_ID: a bot serves the one workspace of its token, or "
                "every workspace that installs the app"
            )
        return secret

    @field_validator("operators", "ops_channel", "argilla_dataset")
    @classmethod
    def _is_of_one_workspace(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.data.get("slack_client_id"):
            raise ValueError("remove it: it is of one workspace, and with SLACK_CLIENT_ID there may be many")
        return value

    def labels_in(self, language: Language) -> Path:
        """The label file of a team that speaks this language: one that was edited here, or else the shipped one."""
        return SHIPPED_IN[language] if _is_as_shipped(self.labels_file) else self.labels_file

    @property
    def webhook_url(self) -> str | None:
        """Where Argilla reaches this bot: as set, and on this machine without a word."""
        if self.argilla_webhook_url:
            return self.argilla_webhook_url
        host = urlsplit(self.argilla_api_url or "http://127.0.0.1").hostname
        is_here = host in ("127.0.0.1", "localhost", "::1")
        return f"http://127.0.0.1:{self.port}/argilla/webhook" if is_here else None

    @property
    def overlap(self) -> float:
        """The share of messages that go to the dataset whose records two reviewers answer; nothing if all do anyway."""
        return self.argilla_overlap if self.argilla_min_submitted < TWO else 0.0

    @property
    def agreement_in(self) -> tuple[Panel, ...]:
        """The datasets whose records several reviewers answer."""
        return (Panel.DOUBLE,) if self.argilla_min_submitted < TWO else (Panel.SINGLE, Panel.DOUBLE)

    @property
    def argilla_page(self) -> str:
        """Where reviewers open Argilla: as set, but without a user and password, or that of this machine."""
        if not self.argilla_api_url:
            return f"http://127.0.0.1:{self.local_argilla_port}"
        found = urlsplit(self.argilla_api_url)
        return found._replace(netloc=found.netloc.rpartition("@")[2]).geturl()

    @property
    def has_argilla(self) -> bool:
        """Is there an Argilla: one that settings name, or that of this machine?"""
        return self.argilla_api_url is not None or self.is_local

    def belief(self, installers: tuple[str, ...] = ()) -> Belief:
        """Whom to believe. Whoever installed the app operates it."""
        operators = frozenset((*installers, *self.operators))
        return Belief(self.trust_at_least, self.uncontested_most, operators)

    @property
    def artifacts(self) -> Artifacts:
        """Where versions are kept. Raises ArtifactsUrlError."""
        return Artifacts(self.models_url, self.workplace / "cache", int(self.models_mode, 8))

    @property
    def kept_exports(self) -> Path:
        """Where ONNX Runtime's files of encoders are kept."""
        return self.exports or self.workplace / "exports"

    @property
    def is_local(self) -> bool:
        """With nothing that opens Slack the bot serves the workspace on this machine."""
        return self.slack_bot_token is None and self.slack_client_id is None


def _is_as_shipped(labels_file: Path) -> bool:
    """Does it hold nothing but what was copied there at the first start, in whichever language?"""
    if labels_file in SHIPPED_IN.values():
        return labels_file == SHIPPED_LABELS  # another language's was asked for by its name
    try:
        if any(filecmp.cmp(labels_file, shipped, shallow=False) for shipped in SHIPPED_IN.values()):
            return True
        if not labels_file.is_file():  # a device may never end
            return False
        with labels_file.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() in SHIPPED_BEFORE
    except OSError:
        return False


def read_settings() -> Settings:
    """The settings of this process; SettingsError names all that is wrong at once."""
    _check_file(Path(str(Settings.model_config["env_file"])))
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_fault(one) for one in error.errors(include_input=False))) from None
    except UnreadableSettingError as error:  # it says of which field; what stands there may be a secret
        name = str(error).partition('"')[2].partition('"')[0].upper()
        raise SettingsError(f"{name}: must be written as JSON") from None


def _check_file(file: Path) -> None:
    """Raise SettingsError for lines that would silently be left out."""
    if not file.is_file():
        return
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: is not UTF-8 text") from None
    wrong = [one.original.line for one in parse_stream(StringIO(text)) if one.error]
    if wrong:
        lines = ", ".join(str(number) for number in wrong)
        raise SettingsError(
            f"{file}: can't be read from line {lines} on; write NAME=value, and close each quote"
        )


def _fault(error: ErrorDetails) -> str:
    where = "_".join(str(part) for part in error["loc"]).upper()
    what = str(error["msg"]).removeprefix("Value error, ")
    return what if what.startswith(("SLACK_", "ARGILLA_")) else f"{where}: {what}"
