from __future__ import annotations

import pytest

from bot.transport.hosts import is_own_host


@pytest.mark.parametrize("bound", ["127.0.0.1", "::1", "localhost"])
@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1:8318", True),
        ("127.0.0.1", True),
        ("localhost:8318", True),
        ("LOCALHOST", True),
        ("[::1]:8318", True),
        ("evil.example", False),
        ("evil.example:8318", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("evil@evil.example", False),
        ("192.168.0.7:8318", False),
        ("[nonsense", False),
        ("", False),
        (None, False),
    ],
)
def test_on_loopback_only_names_of_this_machine_are_ours(bound: str, host: str | None, is_ours: bool) -> None:
    assert is_own_host(host, bound) is is_ours


@pytest.mark.parametrize("bound", ["0.0.0.0", "192.168.0.7", "bot.example"])
def test_elsewhere_any_name_may_be_ours(bound: str) -> None:
    assert is_own_host("bot.example", bound)
