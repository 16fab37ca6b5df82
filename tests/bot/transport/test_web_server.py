from __future__ import annotations

import logging
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.client import HTTPResponse
from typing import Any

import pytest

from bot.transport.connections import HttpResponse, Request
from bot.transport.crowd import CrowdLimits
from bot.transport.web_server import THREADS, PortInUseError, Serve, WebServer, _listen
from tests.local.running import PATIENCE_S, free_port

# Long enough for a busy machine: only a test of one of these makes it short.
LIMITS = CrowdLimits(request_s=PATIENCE_S, idle_s=PATIENCE_S, answer_s=PATIENCE_S, linger_s=PATIENCE_S)
SHORT_S = 0.2
GET = b"GET /there HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST /there HTTP/1.1\r\nHost: here\r\n"


def echo(request: Request) -> HttpResponse:
    """Answer with what was asked."""
    return HttpResponse(200, [], f"{request.method} {request.path} ".encode() + request.body)


@contextmanager
def serving(serve: Serve = echo, limits: CrowdLimits = LIMITS) -> Iterator[int]:
    """The port of a server."""
    port = free_port()
    server = WebServer("127.0.0.1", port, serve, limits)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def connected(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        if sent:
            connection.sendall(sent)
        yield connection


def answer_to(connection: socket.socket) -> tuple[int, bytes]:
    """The status and body of the next answer."""
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def answered(port: int, sent: bytes) -> tuple[int, bytes]:
    with connected(port, sent) as connection:
        return answer_to(connection)


def ends(connection: socket.socket) -> bool:
    """Wait until the server closes it, without another byte."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def chunked(*pieces: bytes) -> bytes:
    parts = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


def with_length(length: bytes, body: bytes = b"") -> bytes:
    return POST + b"Content-Length: " + length + b"\r\n\r\n" + body


def test_hundreds_of_idle_and_dripping_connections_keep_nobody_else_from_an_answer() -> None:
    started = threading.Event()
    stopped = threading.Event()

    def drip(dripping: list[socket.socket]) -> None:
        for byte in with_length(b"1000", b"x" * 1000):
            for connection in dripping:
                connection.send(bytes([byte]))
            started.set()
            if stopped.wait(0.05):
                return

    with serving() as port, ExitStack() as open_:
        crowd = [open_.enter_context(connected(port)) for _ in range(400)]
        dripper = threading.Thread(target=drip, args=(crowd[:200],), daemon=True)
        dripper.start()
        started.wait(PATIENCE_S)
        answers = {answered(port, with_length(b"2", b"hi")) for _ in range(20)}
        stopped.set()
        dripper.join()

    assert answers == {(200, b"POST /there hi")}


def test_a_request_that_does_not_arrive_in_time_is_ended_however_steadily_it_drips() -> None:
    with serving(limits=replace(LIMITS, request_s=SHORT_S)) as port:
        with connected(port) as silent:
            assert ends(silent)
        with connected(port, POST) as dripping:
            assert _dripped_until_answered(dripping) == 408
            assert ends(dripping)
        with connected(port, with_length(b"1000")) as in_its_body:
            assert _dripped_until_answered(in_its_body) == 408


def _dripped_until_answered(connection: socket.socket) -> int:
    connection.settimeout(SHORT_S / 10)
    while True:
        connection.send(b"x")
        try:
            connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
        connection.settimeout(PATIENCE_S)
        return answer_to(connection)[0]


def test_a_connection_without_another_request_is_closed() -> None:
    with serving(limits=replace(LIMITS, idle_s=SHORT_S)) as port, connected(port, GET) as connection:
        assert answer_to(connection) == (200, b"GET /there ")
        assert ends(connection)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"x" * 70_000), 431),
        (GET.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n"), 431),
        (b"GET /" + b"x" * 70_000, 431),
        (with_length(b"1000001"), 413),
        (with_length(b"99999999999999999999"), 413),
        (with_length(b"1000001").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"), 413),
        (chunked(b"x" * 600_000, b"x" * 600_000), 413),
        (chunked(*[b"x"] * 1_001), 413),
        (with_length(b"-1"), 400),
        (with_length(b"+1"), 400),
        (with_length(b"many"), 400),
        (with_length(b""), 400),
        (with_length(b"1, 2"), 400),
        (with_length(b"1\r\nContent-Length: 2"), 400),
        (with_length(b"9" * 5000), 400),
        (chunked(b"hi").replace(b"Transfer-", b"Content-Length: 2\r\nTransfer-"), 400),
        (chunked(b"hi").replace(b"2\r\nhi", b"-2\r\nhi"), 400),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (GET.replace(b"GET", b"CONNECT"), 501),
        (GET.replace(b"here", b"h\x00re"), 400),
        (GET.replace(b"Host: here\r\n", b""), 400),
        (GET.replace(b"/there", b"/\xff"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS
    ],
    ids=range(23),
)
def test_what_is_too_large_or_malformed_is_refused_and_the_connection_closed(
    sent: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving() as port, connected(port, sent) as connection:
        assert answer_to(connection) == (status, b"")
        assert ends(connection)

    assert not [line for line in caplog.messages if "selector" not in line]


def test_an_endless_header_takes_no_memory() -> None:
    with serving() as port, connected(port, b"GET / HTTP/1.1\r\nX-Long: ") as connection:
        sent = 0
        while sent < 30_000_000:
            sent += connection.send(b"x" * 100_000)
        assert answer_to(connection)[0] == 431


def test_bodies_of_unfinished_requests_take_no_more_memory_than_all_may_hold() -> None:
    limits = replace(LIMITS, held_bytes=3_000_000)
    asking = with_length(b"1000000").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    with serving(limits=limits) as port, ExitStack() as open_:
        clients = [open_.enter_context(connected(port)) for _ in range(4)]
        for client in clients:
            client.sendall(asking)
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
            client.sendall(b"x" * 900_000)
        assert ends(clients[0])
        clients[-1].sendall(b"x" * 100_000)

        assert answer_to(clients[-1])[0] == 200


def test_the_connection_that_has_waited_longest_gives_way_to_a_new_one() -> None:
    with serving(limits=replace(LIMITS, connections=3)) as port, ExitStack() as open_:
        first, second, third = (open_.enter_context(connected(port)) for _ in range(3))
        for one in (first, second, third, first):
            one.sendall(GET)
            assert answer_to(one)[0] == 200
        fourth = open_.enter_context(connected(port, GET))

        assert answer_to(fourth)[0] == 200
        assert ends(second)
        for kept in (first, third):
            kept.sendall(GET)
            assert answer_to(kept)[0] == 200


def test_those_who_wait_for_an_answer_are_not_dropped_for_others() -> None:
    asked, free = threading.Event(), threading.Event()

    def slow(request: Request) -> HttpResponse:
        asked.set()
        free.wait(PATIENCE_S)
        return echo(request)

    with serving(slow, replace(LIMITS, connections=1)) as port, connected(port, GET) as early:
        asked.wait(PATIENCE_S)
        with suppress(ConnectionResetError), connected(port) as late:
            assert ends(late)
        free.set()

        assert answer_to(early)[0] == 200


@pytest.mark.parametrize("pieces", [(b"hello",), (b"he", b"l", b"lo"), (b"hello" * 20_000,)])
def test_chunked_bodies_are_read(pieces: tuple[bytes, ...]) -> None:
    with serving() as port:
        assert answered(port, chunked(*pieces)) == (200, b"POST /there " + b"".join(pieces))


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    asking = with_length(b"2").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    with serving() as port, connected(port, asking) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"hi")

        assert answer_to(connection) == (200, b"POST /there hi")


def test_pipelined_requests_are_answered_in_their_order() -> None:
    several = b"".join(with_length(b"1", b"%d" % number) for number in range(5))
    received = b""
    with serving() as port, connected(port, several) as connection:
        while received.count(b"POST /there ") < 5:
            received += connection.recv(65_536)

    assert re.findall(rb"POST /there (\d)", received) == [b"0", b"1", b"2", b"3", b"4"]


def test_a_request_that_fails_is_answered_and_its_connection_serves_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def serve(request: Request) -> HttpResponse:
        return echo(request) if request.method == "GET" else echo(None)  # type: ignore[arg-type]

    failing = with_length(b"6", b"secret").replace(b"Host", b"X-Token: hidden\r\nHost")
    with serving(serve) as port, connected(port, failing) as connection:
        answer = HTTPResponse(connection)
        answer.begin()
        answer.read()
        connection.sendall(GET)
        assert answer_to(connection) == (200, b"GET /there ")

    assert answer.status == 500
    assert answer.getheader("connection") is None
    assert [line for line in caplog.messages if "failed" in line]
    assert "secret" not in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        None,
        HttpResponse(799),
        HttpResponse(200, [("x-bad", "a\r\nb: c")]),
        HttpResponse(200, [("x", "\u20ac")]),
    ],
)
def test_an_answer_that_is_no_http_closes_its_connection_alone(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(lambda request: answer if request.method == "POST" else echo(request)) as port:
        with connected(port, with_length(b"6", b"secret")) as connection:
            assert ends(connection)
        assert answered(port, GET)[0] == 200

    assert "an answer can't be sent" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "sent", [GET.replace(b"1.1", b"1.0"), GET.replace(b"Host", b"Connection: close\r\nHost")]
)
def test_a_client_that_asks_for_one_answer_is_told_that_it_was_the_last(sent: bytes) -> None:
    with serving() as port, connected(port, sent) as connection:
        answer = HTTPResponse(connection)
        answer.begin()
        answer.read()
        assert ends(connection)

    assert answer.getheader("connection") == "close"


def test_head_has_the_headers_of_an_answer_without_its_body() -> None:
    with serving() as port, connected(port, GET.replace(b"GET", b"HEAD") + GET) as connection:
        received = b""
        while b"GET /there " not in received:
            received += connection.recv(65_536)

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert b"HEAD /there" not in received
    assert b"content-length: 12" in received.lower()


def test_clients_that_do_not_read_hold_no_thread_and_are_closed_in_the_end() -> None:
    large = HttpResponse(200, [], b"x" * 20_000_000)
    limits = replace(LIMITS, answer_s=SHORT_S)
    with (
        serving(lambda request: large if request.path == "/there" else echo(request), limits) as port,
        ExitStack() as open_,
    ):
        slow = [open_.enter_context(connected(port, GET)) for _ in range(THREADS + 1)]
        assert answered(port, GET.replace(b"there", b"else"))[0] == 200
        closed = select.poll()
        closed.register(slow[0], select.POLLHUP | select.POLLERR)
        assert closed.poll(1000 * PATIENCE_S)


def test_stopping_waits_for_an_answer_under_way_and_for_no_other_connection() -> None:
    asked, free = threading.Event(), threading.Event()

    def slow(request: Request) -> HttpResponse:
        asked.set()
        free.wait(PATIENCE_S)
        return echo(request)

    port = free_port()
    server = WebServer("127.0.0.1", port, slow, replace(LIMITS, stop_s=PATIENCE_S))
    server.start()
    with connected(port) as idle, connected(port, POST) as reading, connected(port, GET) as waiting:
        asked.wait(PATIENCE_S)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert ends(idle)
        assert ends(reading)
        free.set()
        assert answer_to(waiting) == (200, b"GET /there ")
        stopping.join(PATIENCE_S)
        assert not server.is_alive
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_stopping_ends_although_an_answer_never_comes() -> None:
    asked, free = threading.Event(), threading.Event()

    def hang(request: Request) -> HttpResponse:
        asked.set()
        free.wait(PATIENCE_S)
        return echo(request)

    port = free_port()
    server = WebServer("127.0.0.1", port, hang, replace(LIMITS, stop_s=SHORT_S))
    server.start()
    with connected(port, GET) as waiting:
        asked.wait(PATIENCE_S)
        server.stop()
        assert ends(waiting)
        assert not server.is_alive
        free.set()


def test_a_server_whose_thread_died_is_started_again_and_a_stopped_one_is_not() -> None:
    port = free_port()
    server = WebServer("127.0.0.1", port, echo, LIMITS)
    server.start()
    server._running.stop()  # type: ignore[union-attr]
    assert not server.is_alive
    server.watch()
    assert answered(port, GET)[0] == 200
    server.stop()
    server.watch()

    assert not server.is_alive


def test_a_port_in_use_is_named() -> None:
    with serving() as port, pytest.raises(PortInUseError, match=f"port {port} of 127.0.0.1 is in use"):
        WebServer("127.0.0.1", port, echo).start()


def test_clients_that_leave_early_leave_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as port:
        for _ in range(200):
            with connected(port, GET + b"\r\n") as connection:
                assert connection.recv(1)
        assert answered(port, GET)[0] == 200

    assert not caplog.records


def test_no_answer_is_held_back_until_an_earlier_one_has_arrived() -> None:
    with _listen("127.0.0.1", 0) as listener, connected(listener.getsockname()[1]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
