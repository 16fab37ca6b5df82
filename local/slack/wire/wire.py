"""What a call to the Web API carries, and how one is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


class SlackError(Exception):
    """A refusal, with Slack's own code; `notes` are what Slack puts in response_metadata.messages."""

    def __init__(self, code: str, *notes: str) -> None:
        super().__init__(code)
        self.code = code
        self.notes = notes

    def answer(self) -> Json:
        """The body Slack answers with, at HTTP status 200."""
        body: Json = {"ok": False, "error": self.code}
        if self.notes:
            body["response_metadata"] = {"messages": [f"[ERROR] {note}" for note in self.notes]}
        return body


class Arguments:
    """The arguments of one call, whichever way they came: query, form or JSON."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(given)

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are taken as their digits, anything nested is refused."""
        value = self.given.get(name)
        if value is None:
            return default
        if isinstance(value, (dict, list)):
            raise SlackError("invalid_arguments", f"{name} must be a string")
        return str(value)

    def required(self, name: str) -> str:
        """A string that has to be there."""
        value = self.text(name)
        if not value:
            raise SlackError("invalid_arguments", f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, as JSON or as a form spells it."""
        value = self.given.get(name)
        if value is None:
            return default
        return str(value).lower() in ("true", "1")

    def number(self, name: str, default: int, most: int = 1000) -> int:
        """A count between 1 and `most`; larger ones are cut down, as Slack does."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", f"{name} must be a number") from None
        if number < 1:
            raise SlackError("invalid_limit")
        return min(number, most)

    def list(self, name: str, refusal: str = "invalid_arguments") -> list[Any] | None:
        """A JSON list, or None where it was not given."""
        value = self._nested(name, refusal)
        if value is not None and not isinstance(value, list):
            raise SlackError(refusal, f"{name} must be a list")
        return value

    def object(self, name: str, refusal: str = "invalid_arguments") -> Json | None:
        """A JSON object, or None where it was not given."""
        value = self._nested(name, refusal)
        if value is not None and not isinstance(value, dict):
            raise SlackError(refusal, f"{name} must be an object")
        return value

    def _nested(self, name: str, refusal: str) -> Any:
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return read_json(value)
        except ValueError:
            raise SlackError(refusal, f"{name} is not JSON") from None


def read_json(text: str | bytes) -> Any:
    """Read what an answer of ours can hold too: no halves of surrogate pairs, no infinity, no bottomless nesting.

    Raises ValueError.
    """
    try:
        whole = json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return json.loads(whole.encode(errors="replace"))


@dataclass(frozen=True)
class Call:
    """One call of the bot's; `base_url` is where it reached us, for the addresses we answer with."""

    arguments: Arguments
    base_url: str


Method = Callable[[Call], Json]
