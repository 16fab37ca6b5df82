"""How errors are told: where they happened and what kind they are, without anything that people wrote."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from sqlalchemy import NullPool, create_engine, text

from bot.context.traces import SPOKEN, trace, words
from bot.slack.payloads import PayloadError, message_event
from learning.argilla.connection import ArgillaRefusedError
from storage.database.engine import DatabaseBusyError

ROOT = Path(__file__).parents[3]
WRITTEN = "my salary is wrong"
Headers = {"Authorization": f"Bearer {WRITTEN}"}


class Shape(BaseModel):
    """Something that is checked."""

    number: int


def slack_refuses() -> None:
    answer = {"ok": False, "error": "channel_not_found", "message": {"text": WRITTEN}}
    response = SlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={"headers": Headers},
        data=answer,
        headers=Headers,
        status_code=200,
    )
    raise SlackApiError("refused", response)


def a_database_refuses() -> None:
    with create_engine("sqlite://", poolclass=NullPool).connect() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE text = :text"), {"text": WRITTEN})


def a_constraint_refuses() -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(
            f"CREATE TABLE t (a CHECK (a <> '{WRITTEN}')); INSERT INTO t VALUES ('{WRITTEN}')"
        )
    finally:
        connection.close()


def a_shape_is_wrong() -> None:
    Shape(number=WRITTEN)


def no_json() -> None:
    json.loads(f"{{{WRITTEN}")


def a_label_is_missing() -> None:
    {}[WRITTEN]  # type: ignore[index]


def no_number() -> None:
    int(WRITTEN)


def a_file_is_missing() -> None:
    Path(WRITTEN).read_text()


def no_answer() -> None:
    httpx.Response(500, request=httpx.Request("GET", f"https://x/?{WRITTEN}")).raise_for_status()


def several() -> None:
    raise ExceptionGroup(WRITTEN, [ValueError(WRITTEN), TypeError(WRITTEN)])


def one_by_another() -> None:
    try:
        no_number()
    except ValueError as error:
        try:
            raise KeyError(WRITTEN) from error
        except KeyError:
            raise RuntimeError(WRITTEN)  # noqa: B904


def with_a_note() -> None:
    error = ValueError(WRITTEN)
    error.add_note(WRITTEN)
    raise error


def argilla_refuses() -> None:
    raise ArgillaRefusedError(422, f"{WRITTEN!r} is no label")


def a_payload_is_odd() -> None:
    known = {"team_id": "T1", "is_bot": True}
    body: dict[str, Any] = {"team_id": "T1", "event": WRITTEN, "authorizations": [known]}
    message_event(body, "U1")


CASES = [
    (slack_refuses, "slack_sdk.errors.SlackApiError (channel_not_found)"),
    (a_database_refuses, "sqlalchemy.exc.OperationalError"),
    (a_constraint_refuses, "sqlite3.IntegrityError (SQLITE_CONSTRAINT_CHECK)"),
    (a_shape_is_wrong, "pydantic_core._pydantic_core.ValidationError"),
    (no_json, "json.decoder.JSONDecodeError"),
    (a_label_is_missing, "KeyError"),
    (no_number, "ValueError"),
    (a_file_is_missing, "FileNotFoundError (No such file or directory)"),
    (no_answer, "httpx.HTTPStatusError"),
    (several, "TypeError"),
    (one_by_another, "RuntimeError"),
    (with_a_note, "ValueError"),
    (argilla_refuses, "learning.argilla.connection.ArgillaRefusedError (status 422)"),
    (a_payload_is_odd, "bot.slack.shapes.PayloadError: "),
]


@pytest.mark.parametrize(("fail", "last"), CASES)
def test_an_error_is_told_by_its_place_and_kind_alone(fail: Callable[[], None], last: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (each case raises another)
        fail()
    told = trace(caught.value)

    assert "salary" not in told
    assert f"in {fail.__name__}" in told
    assert told.splitlines()[-1].startswith(last)


def test_all_errors_that_led_to_one_are_told_in_their_order() -> None:
    with pytest.raises(RuntimeError) as caught:
        one_by_another()

    told = [line for line in trace(caught.value).splitlines() if not line.startswith((" ", "Traceback"))]
    assert told == ["ValueError", "which led to", "KeyError", "which led to", "RuntimeError"]


def test_a_chain_that_goes_round_ends() -> None:
    one, other = ValueError(WRITTEN), TypeError(WRITTEN)
    one.__cause__, other.__cause__ = other, one

    assert trace(one).splitlines()[-1] == "ValueError"


class OddError(Exception):
    """An error that itself can't be asked."""

    @property
    def response(self) -> object:
        raise RuntimeError(WRITTEN)


def test_an_error_that_can_not_be_asked_is_told_all_the_same() -> None:
    assert words(OddError(WRITTEN)) == "tests.bot.context.test_traces.OddError"


def test_errors_that_quote_nobody_say_what_is_wrong() -> None:
    assert words(DatabaseBusyError()) == (
        "storage.database.engine.DatabaseBusyError: no turn to write within 2 s"
    )
    assert words(PayloadError("it names no team")) == "bot.slack.shapes.PayloadError: it names no team"


@pytest.mark.parametrize("name", sorted(SPOKEN))
def test_errors_that_may_speak_are_errors_that_there_are(name: str) -> None:
    module, _, kind = name.rpartition(".")

    assert f"class {kind}(" in ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(
        encoding="utf-8"
    )
