"""One server of its own: what the supervisor keeps running, when all of it ends, and what it refuses."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla, SignIn
from tests.local.argilla.asking import Asking, Json, among, api, response
from tests.local.argilla.webhooks import WAIT_S, address

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


class Running:
    """A server that is started where it does not run, always on the same folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = EmbeddedArgilla(home, 0)
        self.sign_in: SignIn

    def start(self) -> Running:
        if self.server.pid is None:
            self.sign_in = self.server.start()
        return self


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("supervised"))
    yield made
    made.server.stop()


@pytest.fixture
def running(one_server: Running) -> Running:
    return one_server.start()


def parent_and_state(pid: int) -> tuple[int, str]:
    """Raises OSError where there is no such process."""
    state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    return int(parent), state


def is_alive(pid: int) -> bool:
    try:
        return parent_and_state(pid)[1] != "Z"
    except OSError:
        return False


def family(pid: int) -> dict[int, str]:
    """This process and all below it, each with its command line."""
    members = {pid: ""}
    everything = sorted(int(one.name) for one in Path("/proc").glob("[0-9]*"))
    for _ in range(3):  # the supervisor, what it starts, and what these start
        for one in everything:
            try:
                if one in members or parent_and_state(one)[0] in members:
                    members[one] = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\x00", b" ").decode()
            except OSError:  # it has just ended
                continue
    return members


def child(running: Running, part: str) -> int | None:
    """The supervisor's own child with this in its command line."""
    supervisor = running.server.pid
    assert supervisor is not None
    found = [pid for pid, command in family(supervisor).items() if part in command]
    own = [pid for pid in found if is_alive(pid) and parent_and_state(pid)[0] == supervisor]
    return own[0] if own else None


def until(holds: Callable[[], Any], within_s: float = WAIT_S) -> Any:
    """What it returns as soon as that is something; raises TimeoutError."""
    last = time.monotonic() + within_s
    while time.monotonic() < last:
        if found := holds():
            return found
        time.sleep(0.05)
    raise TimeoutError(f"nothing within {within_s} s")


def post(client: httpx.Client, path: str, body: Json) -> Json:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    told: Json = answer.json()
    return told


def one_record(client: httpx.Client) -> tuple[str, str]:
    """Of a dataset with one question, one record: the ids of both."""
    name = f"own-{time.monotonic_ns()}"
    workspace = post(client, "/workspaces", {"name": name})["id"]
    dataset = post(client, "/datasets", {"name": name, "workspace_id": workspace})["id"]
    text: Json = {"title": "Text", "required": True, "settings": {"type": "text"}}
    post(client, f"/datasets/{dataset}/fields", {"name": "text", **text})
    post(client, f"/datasets/{dataset}/questions", {"name": "why", **text})
    client.put(f"/datasets/{dataset}/publish").raise_for_status()
    items = [{"fields": {"text": "one of a kind"}, "external_id": "only"}]
    [record] = post(client, f"/datasets/{dataset}/records/bulk", {"items": items})["items"]
    return dataset, record["id"]


def submit(client: httpx.Client, record: str) -> None:
    answer = {"status": "submitted", "values": {"why": {"value": "because"}}}
    post(client, f"/records/{record}/responses", answer)


@pytest.mark.parametrize("part", ["argilla.worker", "127.0.0.1:"])  # Valkey writes this when it listens
def test_what_was_killed_is_started_again_and_webhooks_arrive(running: Running, part: str) -> None:
    killed = child(running, part)
    assert killed
    with api(running.sign_in) as client, address() as listening:
        _, record = one_record(client)
        hook = post(client, "/webhooks", {"url": listening.url, "events": ["response.created"]})

        os.kill(killed, signal.SIGKILL)
        again = until(lambda: child(running, part))
        until(lambda: client.get("/webhooks").is_success and is_alive(again))
        submit(client, record)

        delivery = listening.next()
        client.delete(f"/webhooks/{hook['id']}")
    assert again != killed
    assert Webhook(hook["secret"]).verify(delivery.body, delivery.headers)["type"] == "response.created"
    assert delivery.event["data"]["record"]["id"] == record


def test_stopping_leaves_no_process_behind(running: Running) -> None:
    assert running.server.pid
    members = family(running.server.pid)
    assert len(members) >= 4

    running.server.stop()

    assert [command for pid, command in members.items() if is_alive(pid)] == []


def test_it_ends_when_its_standard_input_closes(running: Running) -> None:
    assert running.server.pid
    members = family(running.server.pid)
    process = running.server._process
    assert process
    assert process.stdin

    process.stdin.close()
    status = process.wait(10)

    assert status == 0
    assert [command for pid, command in members.items() if is_alive(pid)] == []
    running.server.stop()


def test_a_killed_supervisor_takes_the_others_with_it(running: Running) -> None:
    assert running.server.pid
    members = family(running.server.pid)

    running.server.kill()

    until(lambda: not any(is_alive(pid) for pid in members), within_s=5)


def test_an_answer_is_found_although_the_index_was_deleted(running: Running) -> None:
    with api(running.sign_in) as client:
        dataset, record = one_record(client)
        submit(client, record)
    running.server.stop()
    for file in running.home.glob("search*.db*"):
        file.unlink()

    running.start()

    with api(running.sign_in) as client:
        asking = Asking(client, dataset)
        assert asking.found(text="kind") == ["only"]
        assert asking.found(among(response("status"), "submitted")) == ["only"]
        assert asking.found(among(response(question="why"), "because")) == ["only"]


def test_a_folder_in_use_is_refused_and_its_server_goes_on(running: Running) -> None:
    with pytest.raises(ArgillaNotStartedError, match=f"another Argilla runs on {running.home}"):
        EmbeddedArgilla(running.home, 0).start()

    with api(running.sign_in) as client:
        assert client.get("/me").status_code == 200


def test_a_port_in_use_is_refused_and_its_server_goes_on(running: Running, tmp_path: Path) -> None:
    port = int(running.sign_in.url.rsplit(":", 1)[1])

    with pytest.raises(ArgillaNotStartedError, match=rf"port {port} is in use.*LOCAL_ARGILLA_PORT"):
        EmbeddedArgilla(tmp_path, port).start()

    with api(running.sign_in) as client:
        assert client.get("/me").status_code == 200
