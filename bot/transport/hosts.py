"""Whether a request is meant for this server: a foreign page can make a name of its own point to this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_own_host(host_header: str | None, bound_host: str) -> bool:
    """Does `Host` name the address on which we listen?

    Only who listens on loopback can tell: any other address may have names that we don't know.
    """
    if not _is_loopback(bound_host):
        return True
    return _is_loopback(_name(host_header or ""))


def _is_loopback(name: str) -> bool:
    if name.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _name(host_header: str) -> str:
    """The name in `Host`, without its port; empty if it can't be read."""
    try:
        return urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return ""
