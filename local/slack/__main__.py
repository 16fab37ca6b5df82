"""`python -m local.slack`: run the workspace until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence

from local.slack.server import create_app
from local.slack.serving import HOST, LocalServer, listen
from local.slack.setup import credentials
from local.slack.setup.config import Config
from local.slack.setup.credentials import Credentials


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; the exit status says whether it could."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)  # the state file holds what people wrote
    logging.getLogger("slack_sdk.models").setLevel(logging.ERROR)  # its warnings quote what people wrote
    try:
        listening = listen(options.port)
    except OSError as error:
        return _refused(f"cannot listen on {HOST}:{options.port}: {error.strerror}")
    with listening:
        try:
            app = create_app(_config(options))
        except (sqlite3.Error, OSError) as error:
            return _refused(f"cannot use the state file {options.state}: {error}")
        # uvicorn raises the signal again once it has stopped; ours then says that all is well
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        sys.stdout.write(f"Slack workspace: http://{HOST}:{listening.getsockname()[1]}/\n")
        sys.stdout.flush()
        LocalServer(app).run([listening])
    return 0


def _refused(why: str) -> int:
    sys.stderr.write(f"local.slack: {why}\n")
    return 1


def _config(options: argparse.Namespace) -> Config:
    given = Credentials(options.bot_token, options.app_token, options.signing_secret)
    return Config(state=options.state, bot_url=options.bot_url, credentials=given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=8317, help="0 takes a free one (default: 8317)")
    parser.add_argument(
        "--state", default="var/slack.db", help="SQLite file, or :memory: (default: %(default)s)"
    )
    parser.add_argument("--bot-url", help="post deliveries here, signed, instead of Socket Mode")
    parser.add_argument("--bot-token", default=credentials.BOT_TOKEN)
    parser.add_argument("--app-token", default=credentials.APP_TOKEN)
    parser.add_argument("--signing-secret", default=credentials.SIGNING_SECRET)
    return parser


if __name__ == "__main__":
    sys.exit(main())
