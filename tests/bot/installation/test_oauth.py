"""Pages of installation, as strangers may use them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from sqlalchemy import func
from sqlmodel import select
from time_machine import TimeMachineFixture

from bot.context.logs import STRANGERS_MOST
from bot.installation.installations import Installations, OAuth
from bot.installation.oauth import CALLBACKS, STATE_S, SignedStates
from storage.database.engine import Database
from storage.tables.workspaces import UsedState
from storage.workspaces import used_states
from tests.databases import on_both
from tests.local.running import PATIENCE_S, free_port

SECRET = "client-secret-hush"


def used(database: Database) -> int:
    """How many used states are kept."""
    with database.reading() as session:
        return session.exec(select(func.count()).select_from(UsedState)).one()


@on_both
def test_a_state_is_used_once_whichever_replica_is_asked_and_stored_only_then(database: Database) -> None:
    replicas = SignedStates(database, SECRET), SignedStates(database, SECRET)
    state = replicas[0].issue()
    before = used(database)

    assert before == 0
    assert [one.consume(state) for one in (replicas[1], replicas[0], replicas[1])] == [True, False, False]
    assert used(database) == 1


def test_a_state_that_is_not_ours_or_not_whole_is_refused_and_not_stored(database: Database) -> None:
    states = SignedStates(database, SECRET)
    state = states.issue()
    later = f"9{state}"
    others = SignedStates(database, "another secret").issue()

    for wrong in (later, others, state[:-1], state.upper(), "", "..", "1.2.3", "ä.ö.ü", state + "\n"):
        assert not states.consume(wrong)
    assert used(database) == 0
    assert states.consume(state)


def test_a_state_expires_and_leaves_nothing_behind(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(1_000_000, tick=False)
    states = SignedStates(database, SECRET)
    first, late = states.issue(), states.issue()
    assert states.consume(first)
    time_machine.shift(STATE_S)
    expired = states.consume(late)
    assert states.consume(states.issue())

    assert not expired
    assert used(database) == 1


@on_both
def test_however_many_states_are_used_few_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(used_states, "MAX_ROWS", 5)
    states = SignedStates(database, SECRET)

    assert all(states.consume(states.issue()) for _ in range(12))
    assert used(database) == 5


@pytest.fixture
def installations(database: Database) -> Installations:
    """Those of an app at a Slack that does not answer."""
    nowhere = f"http://127.0.0.1:{free_port()}/"
    app = OAuth("1.2", SECRET, "signing", f"{nowhere}oauth/v2/authorize", None)
    return Installations(database, app, WebClient(base_url=nowhere, timeout=1))


def come_back(of: Installations, query: dict[str, str], cookie: str | None = None) -> BoltResponse:
    """What a browser gets at the address to which Slack sends it."""
    flow = of.app.oauth_flow
    assert flow
    state = cookie or query.get("state", "")
    headers: dict[str, str | Sequence[str]] = {"cookie": f"{flow.settings.state_utils.cookie_name}={state}"}
    return flow.handle_callback(BoltRequest(body="", query=query, headers=headers))


def state_of(of: Installations) -> str:
    flow = of.app.oauth_flow
    assert flow
    return flow.settings.state_store.issue()


def test_a_slack_that_does_not_answer_and_a_forged_way_back_are_pages_and_install_nothing(
    installations: Installations, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = {
            "nobody answers": come_back(
                installations, {"state": state_of(installations), "code": "c0de-hush"}
            ),
            "another browser": come_back(installations, {"state": state_of(installations)}, "another"),
            "no state": come_back(installations, {"code": "c0de-hush"}),
            "no code": come_back(installations, {"state": state_of(installations)}),
            "denied": come_back(installations, {"error": "access_denied"}),
            "forged": come_back(installations, {"error": "<script>\nforged line"}),
        }

    statuses = {name: page.status for name, page in found.items()}
    assert statuses == {
        "nobody answers": 503,
        "another browser": 400,
        "no state": 400,
        "no code": 401,
        "denied": 200,
        "forged": 200,
    }
    assert "<script>" not in found["forged"].body
    assert installations.grants() == []
    assert "hush" not in caplog.text
    assert "forged line" not in caplog.text


def test_strangers_who_come_back_again_and_again_fill_no_log(
    installations: Installations, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for number in range(10 * STRANGERS_MOST):
            come_back(installations, {"error": f"forged {number}"})

    assert len([one for one in caplog.records if one.name.startswith("bot")]) <= STRANGERS_MOST


def test_who_installs_at_the_same_time_as_too_many_others_is_told_to_try_again(
    installations: Installations, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, go_on, began = installations.app.oauth_flow, threading.Event(), threading.Semaphore(0)
    assert flow

    def slow(_code: str) -> None:
        began.release()
        go_on.wait(PATIENCE_S)

    monkeypatch.setattr(flow, "run_installation", slow)
    threads = [
        threading.Thread(
            target=come_back, args=(installations, {"state": state_of(installations), "code": "c"})
        )
        for _ in range(CALLBACKS)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert began.acquire(timeout=PATIENCE_S)
    refused = come_back(installations, {"state": state_of(installations), "code": "c"})
    go_on.set()
    for thread in threads:
        thread.join()
    after = come_back(installations, {"state": state_of(installations), "code": "c"})

    assert (refused.status, after.status) == (503, 401)
    assert refused.headers["retry-after"] == ["5"]


@pytest.mark.parametrize(
    ("team", "kept"),
    [("T0ACME", True), ("E0ORG", True), ("T1&redirect_uri=https://evil", False), ("", False)],
)
def test_only_a_team_is_passed_on_to_slack(installations: Installations, team: str, kept: bool) -> None:
    flow = installations.app.oauth_flow
    assert flow

    page = flow.handle_installation(BoltRequest(body="", query={"team": team}, headers={}))

    assert ("&amp;team=" in page.body) is kept
    assert "evil" not in page.body
