"""Why Argilla can't be used: one short code for each kind of fault, without an address, a key or anything written."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from learning.text.linear import Pattern

if TYPE_CHECKING:
    import httpx

OF_STATUS = {
    401: "key_rejected",
    403: "forbidden",
    404: "not_found",
    409: "name_taken",
    429: "too_many_requests",
    502: "gateway",
    503: "unavailable",
    504: "gateway",
    507: "disk_full",
}
# SQLite's words, the system's, Elasticsearch's and PostgreSQL's; they may stand in the text of any error of a server.
FULL = Pattern(r"(?i)disk is full|No space left on device|flood.stage watermark|could not extend file")
# Since this one a dataset says how many responses complete a record.
OLDEST, MAJOR = (2, 1), 2
VERSION = Pattern(r"\A(?P<major>[0-9]{1,4})\.(?P<minor>[0-9]{1,4})")


def of_transport(error: Exception) -> str:
    """Return the code for a request that got no answer."""
    import httpx

    chain = list(_chain(error))
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "wrong_address"
    if isinstance(error, httpx.ProxyError):
        return "proxy"
    if any(isinstance(one, httpx.TimeoutException | TimeoutError) for one in chain):
        return "no_answer"
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return "certificate"
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return "no_tls"
    if any(isinstance(one, socket.gaierror) for one in chain):
        return "unknown_host"
    if _is_refused(chain):
        return "connection_refused"
    if any(isinstance(one, ConnectionError) for one in chain):
        return "broken_off"
    return "unreachable" if isinstance(error, httpx.ConnectError) else "broken_off"


def of_answer(response: httpx.Response) -> str:
    """Return the code for an answer that is an error."""
    status = response.status_code
    if 300 <= status < 400:
        return "redirected"
    if status >= 500 and FULL.search(response.text):
        return "disk_full"
    return OF_STATUS.get(status, "in_trouble" if status >= 500 else "refused")


def is_wrong_version(version: object) -> bool:
    """Does Argilla name a version with which we can't work? False if it names none."""
    found = VERSION.search(version) if isinstance(version, str) else None
    if found is None:
        return False
    major, minor = int(found["major"]), int(found["minor"])
    return major != MAJOR or (major, minor) < OLDEST


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_refused(chain: list[BaseException]) -> bool:
    return any(isinstance(one, OSError) and one.errno == errno.ECONNREFUSED for one in chain)
