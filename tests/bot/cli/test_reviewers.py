"""`corrigible reviewer`: who may review in a real Argilla."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import httpx
import pytest

from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.feedback import labels
from tests.bot.command_line import Ended, corrigible
from tests.local.running import free_port
from tests.reviewer import Reviewer


class Terminal:
    """An operator at the terminal, with a workspace of Argilla that nobody else uses."""

    def __init__(self, argilla: SignIn, folder: Path) -> None:
        self.argilla = argilla
        self.folder = folder
        self.workspace = f"team-{secrets.token_hex(4)}"
        self.key = argilla.api_key

    def reviewer(self, *words: str, **environment: str) -> Ended:
        known = {
            "ARGILLA_API_URL": self.argilla.url,
            "ARGILLA_API_KEY": self.key,
            "ARGILLA_WORKSPACE": self.workspace,
        }
        return corrigible(self.folder, "reviewer", *words, **{**known, **environment})

    def sign_in(self, name: str, password: str) -> int:
        """The status that Argilla's own page gets."""
        form = {"username": name, "password": password}
        return httpx.post(f"{self.argilla.url}/api/v1/token", data=form, trust_env=False).status_code


@pytest.fixture
def terminal(argilla: SignIn, tmp_path: Path) -> Terminal:
    return Terminal(argilla, tmp_path)


def password(told: Ended) -> str:
    found = re.search(r"Password: (\S+) \(shown only this once\)", told.stdout)
    assert found, told
    return found[1]


def test_a_reviewer_signs_in_annotates_leaves_and_comes_back_and_keeps_what_they_answered(
    terminal: Terminal, run_folder: Path
) -> None:
    name = f"maria-{secrets.token_hex(3)}"
    added = terminal.reviewer("add", name)
    with Reviewer(terminal.argilla, "none") as owner:
        [user] = [one for one in owner.ask("GET", "users")["items"] if one["username"] == name]
        with Reviewer(terminal.argilla, "none", user["api_key"]) as annotator:
            places = [one["name"] for one in annotator.ask("GET", "me/workspaces")["items"]]
            listed = terminal.reviewer("list")
            asked = terminal.reviewer("remove", name)  # and nobody says yes
            still = [one["name"] for one in annotator.ask("GET", "me/workspaces")["items"]]
            removed = terminal.reviewer("remove", name, "--yes")
            left = annotator.ask("GET", "me/workspaces")["items"]
        [same] = [one for one in owner.ask("GET", "users")["items"] if one["username"] == name]
    of_this_machine = {
        "ARGILLA_API_URL": "",
        "ARGILLA_API_KEY": "",
        "LOCAL_ARGILLA_HOME": str(run_folder / "argilla"),
        "LOCAL_ARGILLA_PORT": terminal.argilla.url.rpartition(":")[2],
    }
    before, after = (
        terminal.sign_in(name, password(added)),
        terminal.reviewer("list", **of_this_machine),
    )
    back = terminal.reviewer("add", name, "--role", "admin")

    assert (added.returncode, places, still, left) == (0, [terminal.workspace], [terminal.workspace], [])
    assert f"Address: {terminal.argilla.url}" in added.stdout
    assert re.search(rf"{name}\W+annotator\W+{terminal.workspace}", listed.stdout)
    assert asked.returncode == 1
    assert "Their responses stay, and count" in removed.stdout
    assert same["id"] == user["id"]
    assert before == 401
    assert terminal.argilla.username in after.stdout
    assert name not in after.stdout
    assert "with their earlier responses (admin)" in back.stdout
    assert terminal.sign_in(name, password(back)) == 201


def test_what_an_operator_can_fix_is_one_clear_message(
    terminal: Terminal, argilla: SignIn, tmp_path: Path
) -> None:
    name = f"ben-{secrets.token_hex(3)}"
    terminal.reviewer("add", name)
    with Reviewer(argilla, "none") as owner:
        [user] = [one for one in owner.ask("GET", "users")["items"] if one["username"] == name]
    nowhere = f"http://127.0.0.1:{free_port()}"
    own = {"ARGILLA_API_URL": "", "ARGILLA_API_KEY": "", "LOCAL_ARGILLA_HOME": str(tmp_path / "never")}
    home = tmp_path / "stopped"
    home.mkdir()
    (home / "credentials.json").write_text('{"api_key": "k"}')
    stopped = {**own, "LOCAL_ARGILLA_HOME": str(home), "LOCAL_ARGILLA_PORT": str(free_port())}
    told = {
        "taken": terminal.reviewer("add", name),
        "owner": terminal.reviewer("add", argilla.username),
        "invalid": terminal.reviewer("add", "two words"),
        "empty": terminal.reviewer("add", ""),
        "unknown": terminal.reviewer("remove", "nobody", "--yes"),
        "of owners": terminal.reviewer("remove", argilla.username, "--yes"),
        "not an owner": terminal.reviewer("list", ARGILLA_API_KEY=user["api_key"]),
        "wrong key": terminal.reviewer("list", ARGILLA_API_KEY="wrong"),
        "nowhere": terminal.reviewer("list", ARGILLA_API_URL=nowhere),
        "never started": terminal.reviewer("add", "ann", **own),
        "stopped": terminal.reviewer("add", "ann", **stopped),
    }
    said = {what: one.stderr.strip() for what, one in told.items()}

    assert {one.returncode for one in told.values()} == {1}
    assert said["taken"].startswith(f"Argilla has a user '{name}' already. Choose another name")
    assert said["owner"].startswith("Argilla has a user 'owner' already")
    assert said["invalid"].startswith("'two words' can't be a name in Argilla")
    assert said["empty"].startswith("'' can't be a name in Argilla")
    assert said["unknown"].startswith("There is no reviewer 'nobody' here")
    assert said["of owners"].startswith("'owner' is an owner of Argilla")
    assert said["not an owner"].startswith("Only an owner of Argilla can manage reviewers")
    assert said["wrong key"].startswith("Argilla refuses the key. Check ARGILLA_API_KEY")
    assert said["nowhere"].startswith(f"Argilla does not answer at {nowhere}. Check ARGILLA_API_URL")
    assert said["never started"].startswith("Argilla was never started here. Start the bot")
    assert "Start the bot with `make run`" in said["stopped"]
    assert "Traceback" not in "".join(said.values())


def test_where_workspaces_install_the_app_a_reviewer_works_for_one_of_them_or_for_all(
    terminal: Terminal, database: Database, database_url: str
) -> None:
    with database.writing() as session:
        for team in ("T1", "T2"):
            labels.synchronize(session, team, [labels.LabelSpec("bug")])
    oauth = {
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "x",
        "SLACK_SIGNING_SECRET": "y",
        "DATABASE_URL": database_url,
    }
    one, every = f"one-{secrets.token_hex(3)}", f"every-{secrets.token_hex(3)}"
    terminal.reviewer("add", one, "--team", "T2", **oauth)
    terminal.reviewer("add", every, **oauth)
    wrong = terminal.reviewer("add", "nobody", "--team", "T3", **oauth)
    listed = terminal.reviewer("list", **oauth).stdout

    assert re.search(rf"{one}\W+annotator\W+{terminal.workspace}-T2\W", listed)
    assert re.search(rf"{every}\W+annotator\W+{terminal.workspace}-T1, {terminal.workspace}-T2", listed)
    assert wrong.stderr.strip() == "There is no team 'T3' here. Known are T1, T2."
