"""The Argilla that `make run` puts in the place of a team's own: started beside the bot, which does not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from pathlib import Path

from learning.argilla import faults
from learning.argilla.connection import Access, ArgillaUnavailableError
from local.argilla.embedded import (
    ArgillaNotInstalledError,
    ArgillaNotStartedError,
    ArgillaUnwritableError,
    EmbeddedArgilla,
    SignIn,
    interpreter,
)
from local.argilla.server.progress import read
from local.argilla.supervising.credentials import FILE, credentials

LOOK_S = 1.0


def rows(home: Path) -> Iterator[tuple[str, str]]:
    """A line for `corrigible status` while the Argilla of this folder is busy with its start or its index."""
    if found := read(home):
        yield "Argilla", found.words()


def kept_access(home: Path, port: int) -> Access | None:
    """What opens the Argilla of a home folder, started or not; None if it was never started."""
    if not (home / FILE).is_file():
        return None
    try:
        known = credentials(home)
    except (OSError, ValueError, TypeError):
        return None
    return Access(f"http://127.0.0.1:{port}", known.api_key)


class NeverStartedError(RuntimeError):
    """There is no Argilla on this machine yet."""

    def __init__(self) -> None:
        super().__init__(
            "Argilla was never started here. Start the bot with `make run`, or set ARGILLA_API_URL; then try again."
        )


class LocalArgilla:
    """An Argilla on this machine; everything of it is kept in the folder `home`."""

    def __init__(self, home: Path, port: int) -> None:
        self._server = EmbeddedArgilla(home, port)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="argilla")
        self._sign_in: Future[SignIn] | None = None

    @property
    def is_installed(self) -> bool:
        """Is there an environment for it? Without one nothing can be delivered until the next start."""
        try:
            interpreter()
        except ArgillaNotInstalledError:
            return False
        return True

    def start(self) -> None:
        """Begin to start; some seconds later it answers."""
        self._sign_in = self._pool.submit(self._server.start)

    def stop_soon(self) -> None:
        """Begin to stop: it takes two seconds, in which others can stop as well."""
        self._pool.submit(self._server.stop)

    def stop(self) -> None:
        self._server.stop()
        self._pool.shutdown(cancel_futures=True)

    def sign_in(self, show: Callable[[str], None] | None = None) -> SignIn:
        """Where it is and how to sign in, once it answers; `show` hears how far it is.

        Raises ArgillaNotStartedError.
        """
        assert self._sign_in is not None
        while show and not wait([self._sign_in], LOOK_S).done:
            if progress := self._server.progress:
                show(progress.words())
        return self._sign_in.result()

    @property
    def progress(self) -> str | None:
        """What it is busy with, in words."""
        found = self._server.progress
        return found.words() if found else None

    def started_by_others(self) -> Access:
        """Where the server that another process runs here answers, if it runs. Raises NeverStartedError."""
        if not (known := self._server.known_key()):
            raise NeverStartedError
        return Access(self._server.address, known)

    def access(self) -> Access:
        """What the bot needs to connect. Raises ArgillaUnavailableError."""
        try:
            known = self.sign_in()
        except ArgillaNotInstalledError as error:
            raise ArgillaUnavailableError(str(error), "not_installed") from None
        except ArgillaUnwritableError as error:
            reason = "disk_full" if faults.FULL.search(str(error)) else "not_writable"
            raise ArgillaUnavailableError(str(error), reason) from None
        except (ArgillaNotStartedError, CancelledError) as error:  # it quotes logs, which may quote people
            said = f"Argilla did not start here ({type(error).__name__})"
            reason = "disk_full" if faults.FULL.search(str(error)) else "not_started"
            raise ArgillaUnavailableError(said, reason) from None
        return Access(known.url, known.api_key)
