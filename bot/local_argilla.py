"""The Argilla that `make run` puts in the place of a team's own: started beside the bot, which does not wait for it."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path

from learning.annotation.connection import Access, ArgillaUnavailableError
from local.argilla.embedded import (
    ArgillaNotInstalledError,
    ArgillaNotStartedError,
    ArgillaUnwritableError,
    EmbeddedArgilla,
    SignIn,
    interpreter,
)


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

    def sign_in(self) -> SignIn:
        """Where it is and how to sign in, once it answers. Raises ArgillaNotStartedError."""
        assert self._sign_in is not None
        return self._sign_in.result()

    def started_by_others(self) -> Access:
        """Where the server that another process runs here answers, if it runs. Raises NeverStartedError."""
        if not (known := self._server.known_key()):
            raise NeverStartedError
        return Access(self._server.address, known)

    def access(self) -> Access:
        """What the bot needs to connect. Raises ArgillaUnavailableError."""
        try:
            known = self.sign_in()
        except (ArgillaNotInstalledError, ArgillaUnwritableError) as error:
            raise ArgillaUnavailableError(str(error)) from None
        except (ArgillaNotStartedError, CancelledError) as error:  # it quotes logs, which may quote people
            raise ArgillaUnavailableError(f"Argilla did not start here ({type(error).__name__})") from None
        return Access(known.url, known.api_key)
