"""`python -m local.argilla --home DIR --port N`, in Argilla's environment: serves until stdin closes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from local.argilla.supervising.supervisor import CannotStartError, Supervisor


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.argilla", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder for everything that is kept")
    parser.add_argument("--port", type=int, default=6900, help="0 takes a free one")
    given = parser.parse_args()
    os.umask(0o077)  # what people wrote, and keys
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        Supervisor(given.home.absolute(), given.port).run()
    except CannotStartError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
