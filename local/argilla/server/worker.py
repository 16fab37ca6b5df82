"""The worker's process: webhooks and other jobs of Argilla, one at a time, without a fork for each."""

from __future__ import annotations

import os
import sys
from functools import partial

from local.argilla.server.children import die_with
from local.argilla.server.logs import withhold


def main() -> None:
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import SimpleWorker

    from local.argilla.server import engine, speedups  # noqa: F401 (jobs look the engine up by its name)

    withhold()  # it notes each job with all that is sent to a webhook
    speedups.apply()
    os.register_at_fork(
        after_in_child=partial(die_with, os.getpid())
    )  # RQ's scheduler, which tries webhooks again
    for queue in (HIGH_QUEUE, DEFAULT_QUEUE):
        # This worker is the only one, so what counts as running was cut off with its predecessor: try it again.
        queue.started_job_registry.cleanup(timestamp=sys.maxsize)
    SimpleWorker([HIGH_QUEUE, DEFAULT_QUEUE], connection=REDIS_CONNECTION).work(with_scheduler=True)


if __name__ == "__main__":
    main()
