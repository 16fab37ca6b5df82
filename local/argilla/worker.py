"""The worker's process: webhooks and other jobs of Argilla, one at a time, without a fork for each."""

from __future__ import annotations


def main() -> None:
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import SimpleWorker

    from local.argilla import engine, speedups  # noqa: F401 (jobs look the engine up by its name)

    speedups.apply()
    SimpleWorker([HIGH_QUEUE, DEFAULT_QUEUE], connection=REDIS_CONNECTION).work(with_scheduler=True)


if __name__ == "__main__":
    main()
