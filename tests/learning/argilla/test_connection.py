"""Why Argilla can't be used, with faults as servers and networks really have them."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.wording import argilla_text
from learning.annotation.datasets import Datasets, TeamDatasets
from learning.annotation.delivery import RecordDelivery
from learning.annotation.opinions import Opinions
from learning.annotation.suggesting import Suggesting
from learning.argilla import client
from learning.argilla.connection import (
    Access,
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
)
from learning.argilla.schema import DatasetPlan
from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.tables.feedback import Panel
from tests.factories import TEAM
from tests.learning.annotation.desk import untaught
from tests.learning.tiny_models import three_dimensional
from tests.local.running import free_port

KEY, PASSWORD = "the-secret-key", "the-password"
ME = {"id": "00000000-0000-4000-8000-000000000007", "username": "me", "role": "owner"}
FULL = {
    "detail": {
        "code": "argilla.api.errors::GenericServerError",
        "params": {"message": "(sqlite3.OperationalError) database or disk is full [SQL: UPDATE records]"},
    }
}


def certificate_of_nobody(folder: Path) -> tuple[Path, Path]:
    """A certificate that no authority signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    return folder / "certificate.pem", folder / "key.pem"


class Unnamed:
    """Names of nobody."""

    def channel(self, channel_id: str) -> str:
        return channel_id

    def person(self, user_id: str) -> str:
        return user_id


class Answers(BaseHTTPRequestHandler):
    """Answers as Argilla's API, but for one path: there as `told` says."""

    version = "2.8.0"
    at = "/api/v1/datasets"
    told: tuple[int, str] = (200, "{}")

    def do_GET(self) -> None:
        known = {
            "/api/v1/me": ME,
            "/api/v1/version": {"version": self.version},
            "/api/v1/me/datasets": {"items": []},
            "/api/v1/me/workspaces": {"items": []},
        }
        status, body = self.told if self.path == self.at else (200, json.dumps(known.get(self.path, {})))
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "https://sign-in.example/")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(certificate: tuple[Path, Path] | None = None, **how: Any) -> Iterator[str]:
    """The host and port of a server that answers in this way."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (Answers,), how)) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def listening(then: Callable[[socket.socket], None]) -> Iterator[str]:
    """The host and port of a server that does this with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    one, _ = server.accept()
                except OSError:
                    return
                then(one)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


FAULTS = ArgillaUnavailableError, ArgillaRefusedError, ArgillaNotFoundError


def reason(url: str, path: str = "datasets") -> str:
    """Why a request there fails; nothing of what is told of it is a secret."""
    with closing(ArgillaConnection(partial(Access, url, KEY))) as connection, pytest.raises(FAULTS) as raised:
        connection.call("GET", path)
    assert KEY not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    found = getattr(raised.value, "reason", "")
    assert found in argilla_text.WHY, "in words as well"
    return str(found)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (f"http://me:{PASSWORD}@127.0.0.1:{{port}}", "connection_refused"),
        ("http://localhost:{port}", "connection_refused"),
        ("http://no-such-host.invalid", "unknown_host"),
        ("gopher://127.0.0.1", "wrong_address"),
        ("http://[::1", "wrong_address"),
    ],
)
def test_who_is_not_there_is_told_from_an_address_that_is_wrong(url: str, wanted: str) -> None:
    assert reason(url.replace("{port}", str(free_port()))) == wanted


def test_who_does_not_answer_is_told_from_who_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.2)
    kept: list[socket.socket] = []

    with listening(kept.append) as silent:
        assert reason(f"http://{silent}") == "no_answer"
    with listening(lambda one: one.close()) as hanging_up:
        assert reason(f"http://{hanging_up}") == "broken_off"
    for one in kept:
        one.close()


def test_a_certificate_that_nobody_vouches_for_is_told_from_a_server_without_tls(tmp_path: Path) -> None:
    with serving(certificate_of_nobody(tmp_path)) as untrusted, serving() as plain:
        assert reason(f"https://{untrusted}") == "certificate"
        assert reason(f"https://{plain}") == "no_tls"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((401, '{"detail": "Unauthorized"}'), "key_rejected"),
        ((403, '{"detail": "Operation not allowed"}'), "forbidden"),
        ((404, '{"detail": "Not Found"}'), "not_found"),
        ((409, '{"detail": "Dataset with name `x` already exists"}'), "name_taken"),
        ((422, '{"detail": "wrong"}'), "refused"),
        ((302, ""), "redirected"),
        ((429, ""), "too_many_requests"),
        ((502, "<html>Bad Gateway</html>"), "gateway"),
        ((500, "{}"), "in_trouble"),
        ((500, json.dumps(FULL)), "disk_full"),
        ((507, ""), "disk_full"),
        ((200, "<html>It works!</html>"), "not_argilla"),
    ],
)
def test_each_answer_that_is_no_answer_has_a_reason(told: tuple[int, str], wanted: str) -> None:
    with serving(told=told) as host:
        assert reason(f"http://{host}") == wanted


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({"at": "/api/v1/me", "told": (401, "{}")}, "key_rejected"),
        ({"at": "/api/v1/me", "told": (404, "{}")}, "not_argilla"),
        ({"at": "/api/v1/me", "told": (200, "<html>It works!</html>")}, "not_argilla"),
        ({"at": "/api/v1/me", "told": (503, "")}, "unavailable"),
        ({"version": "1.29.1"}, "wrong_version"),
        ({"version": "3.0.0"}, "wrong_version"),
    ],
)
def test_who_is_no_argilla_of_ours_is_found_when_it_is_met(how: dict[str, Any], wanted: str) -> None:
    with serving(**how) as host:
        assert reason(f"http://{host}") == wanted


def test_an_argilla_whose_version_is_not_known_is_used() -> None:
    with (
        serving(at="/api/v1/version", told=(404, "{}")) as host,
        closing(ArgillaConnection(partial(Access, f"http://{host}", KEY))) as connection,
    ):
        assert connection.call("GET", "datasets") == {}


def test_a_workspace_whose_name_is_taken_is_the_reason_why_nothing_is_delivered(database: Database) -> None:
    plan = DatasetPlan({"bug": "", "billing": ""}, 1, "encoder_x", "Similar", 3)
    with (
        serving(at="/api/v1/workspaces", told=(409, '{"detail": "Workspace already exists"}')) as host,
        closing(ArgillaConnection(partial(Access, f"http://{host}", KEY))) as connection,
    ):
        kept = Datasets(connection, database, TEAM, "corrigible", "slack", lambda: plan)
        base, panels = three_dimensional(), TeamDatasets({Panel.SINGLE: kept}, 0.0)
        opinions = Opinions(database, TEAM, untaught(base))
        suggesting = Suggesting(database, TEAM, connection, opinions)
        delivery = RecordDelivery(database, TEAM, connection, panels, base, Unnamed(), suggesting)
        delivery.step()

    assert delivery.patience.failing
    assert delivery.patience.failing[0] == "name_taken"


def test_a_real_argilla_says_what_a_key_may_not_do_and_which_name_is_taken(argilla: SignIn) -> None:
    name = f"test-{secrets.token_hex(4)}"
    plan = DatasetPlan({"bug": "", "billing": ""}, 1, "encoder_x", "Similar", 3)
    admin = {"username": name, "first_name": name, "password": secrets.token_hex(8), "role": "admin"}

    def found(key: str, workspace: str) -> str:
        with (
            closing(ArgillaConnection(partial(Access, argilla.url, key))) as connection,
            pytest.raises(FAULTS) as raised,
        ):
            connection.create_dataset(workspace, name, plan)
        return str(getattr(raised.value, "reason", ""))

    with closing(ArgillaConnection(partial(Access, argilla.url, argilla.api_key))) as connection:
        made = connection.call("POST", "users", json=admin)
        connection.create_dataset(name, name, plan)

    assert found("no-key-of-anybody", name) == "key_rejected"
    assert found(made["api_key"], name) == "forbidden", "the workspace is there, and it is not shown it"
    assert found(argilla.api_key, name) == "name_taken"
