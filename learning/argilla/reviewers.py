"""Who may review: Argilla's users and the workspaces in which they work, of which its own page manages neither."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from learning.argilla.connection import (
    CONFLICT,
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    Json,
)
from learning.text.linear import Pattern

# As Argilla's own client takes it; the server takes any.
NAME = Pattern(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}")
PASSWORD_BYTES = 12


class Role(StrEnum):
    """What a reviewer may do: answer, or change datasets as well."""

    ANNOTATOR = "annotator"
    ADMIN = "admin"


OWNER = "owner"


class ReviewerError(ValueError):
    """A reviewer can't be added or removed; the message says why, and what to do."""


@dataclass(frozen=True)
class Reviewer:
    """A user of Argilla, and in which of our workspaces they work. An owner works in all."""

    name: str
    role: str
    workspaces: tuple[str, ...]


@dataclass(frozen=True)
class Added:
    """A reviewer with a new `password`, which nobody can read again. `is_back`: they worked here before."""

    name: str
    password: str = field(repr=False)
    is_back: bool = False


class Reviewers:
    """The reviewers of some workspaces, managed with the key of an owner.

    All methods raise ArgillaUnavailableError, ReviewerError.
    """

    def __init__(self, connection: ArgillaConnection, workspaces: Sequence[str]) -> None:
        self._connection = connection
        self._workspaces = workspaces

    def every(self) -> list[Reviewer]:
        """Whoever may work in these workspaces, by name."""
        self._check_our_role()
        members = self._members()
        found = [
            Reviewer(one["username"], one["role"], self._where(one, members))
            for one in self._call("GET", "users")["items"]
        ]
        return sorted((one for one in found if one.workspaces), key=lambda one: one.name)

    def add(self, name: str, role: Role) -> Added:
        """Let somebody work in these workspaces, with a new password.

        A user of that name who works nowhere was removed before: they come back, with what they answered.
        """
        if not NAME.fullmatch(name):
            raise ReviewerError(
                f"{name!r} can't be a name in Argilla: write up to 100 letters, digits and . _ @ -, the first of them "
                "a letter or a digit."
            )
        self._check_our_role()
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        known = self._user(name)
        if known is None:
            user = self._create(name, role, password)
        else:
            self._check_that_it_works_nowhere(known)
            user = self._call("PATCH", f"users/{known['id']}", json={"role": role, "password": password})
        for workspace_id in self._places(create=True).values():
            self._call("POST", f"workspaces/{workspace_id}/users", json={"user_id": user["id"]})
        return Added(name, password, known is not None)

    def remove(self, name: str) -> None:
        """Let somebody work in these workspaces no more. The user stays, because Argilla would delete their responses.

        One who works nowhere else gets a password that nobody knows.
        """
        self._check_our_role()
        known = self._user(name)
        members = self._members()
        if known is None or not self._where(known, members):
            raise ReviewerError(f"There is no reviewer {name!r} here; `corrigible reviewer list` shows all.")
        if known["role"] == OWNER:
            raise ReviewerError(f"{name!r} is an owner of Argilla, who works in every workspace.")
        for workspace, workspace_id in self._places().items():
            if known["id"] in members[workspace]:
                self._call("DELETE", f"workspaces/{workspace_id}/users/{known['id']}")
        if not self._workplaces(known):
            unknown = {"password": secrets.token_urlsafe(PASSWORD_BYTES)}
            self._call("PATCH", f"users/{known['id']}", json=unknown)

    def _check_our_role(self) -> None:
        if self._call("GET", "me")["role"] != OWNER:
            raise ReviewerError(
                "Only an owner of Argilla can manage reviewers, and ARGILLA_API_KEY is not the key of one. "
                "*My settings* in Argilla shows an owner theirs."
            )

    def _create(self, name: str, role: Role, password: str) -> Json:
        person = {"first_name": name, "username": name, "role": role, "password": password}
        try:
            made: Json = self._connection.call("POST", "users", json=person)
        except ArgillaRefusedError as error:
            raise _taken(name) if error.status == CONFLICT else _refused(error) from None
        return made

    def _check_that_it_works_nowhere(self, known: Json) -> None:
        if known["role"] == OWNER or self._workplaces(known):
            raise _taken(known["username"])

    def _user(self, name: str) -> Json | None:
        every: Iterable[Json] = self._call("GET", "users")["items"]
        return next((one for one in every if one["username"] == name), None)

    def _workplaces(self, user: Json) -> list[Json]:
        found: list[Json] = self._call("GET", f"users/{user['id']}/workspaces")["items"]
        return found

    def _where(self, user: Json, members: dict[str, set[str]]) -> tuple[str, ...]:
        is_owner = user["role"] == OWNER
        return tuple(name for name, ids in members.items() if is_owner or user["id"] in ids)

    def _members(self) -> dict[str, set[str]]:
        """The ids of those who work in each of our workspaces that Argilla has."""
        return {
            name: {one["id"] for one in self._call("GET", f"workspaces/{workspace_id}/users")["items"]}
            for name, workspace_id in self._places().items()
        }

    def _places(self, *, create: bool = False) -> dict[str, str]:
        known = {one["name"]: str(one["id"]) for one in self._call("GET", "me/workspaces")["items"]}
        for name in self._workspaces if create else ():
            if name not in known:  # a bot that has not met its Argilla yet
                known[name] = str(self._call("POST", "workspaces", json={"name": name})["id"])
        return {name: known[name] for name in self._workspaces if name in known}

    def _call(self, method: str, path: str, **given: object) -> Json:
        try:
            found: Json = self._connection.call(method, path, **given)
        except (ArgillaRefusedError, ArgillaNotFoundError) as error:
            raise _refused(error) from None
        return found


def _taken(name: str) -> ReviewerError:
    return ReviewerError(
        f"Argilla has a user {name!r} already. Choose another name; `corrigible reviewer list` shows who works here."
    )


def _refused(error: Exception) -> ReviewerError:
    return ReviewerError(
        f"Argilla refused that ({error}). `corrigible reviewer list` shows who works here now."
    )
