"""What operators can watch, at /metrics in Prometheus' format."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from learning.evaluation.accuracy import Accuracy

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class Metrics:
    """One set of figures for one bot."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = self._counter("events", "Deliveries from Slack", "kind")
        self.duplicates = self._counter("duplicates", "Messages that were stored already")
        self.predictions = self._counter("predictions", "Messages predicted")
        self.prediction_seconds = self._seconds(
            "prediction_seconds", "From stored message to stored prediction"
        )
        self.card_seconds = self._seconds("card_seconds", "From stored message to its card in Slack")
        self.waiting = self._gauge("waiting_messages", "Messages without a prediction")
        self.cards_due = self._gauge("due_cards", "Cards that Slack does not show yet as they should be")
        self.corrections = self._counter("corrections", "Words that people said", "word")
        self.answers = self._counter("answers", "Records on which reviewers' answers changed something")
        self.accuracy = self._gauge(
            "accuracy",
            "Share of right answers to messages picked at random, and the bounds of its 95 % interval",
            "team",
            "bound",
        )
        self.argilla = self._gauge("argilla_up", "1 where Argilla answered last time, 0 where it did not")
        self.undelivered = self._gauge(
            "outbox_messages", "Messages of which Argilla has not heard the latest"
        )
        self.refits = self._counter("refits", "Heads fitted and put in service")
        self.refit_seconds = self._seconds("refit_seconds", "Fitting one head")
        self.summaries = self._counter("summaries", "Summaries made", "engine")
        self.summary_seconds = self._seconds("summary_seconds", "Making one summary")
        self.swaps = self._counter("swaps", "Versions swapped in")
        self.swap_seconds = self._seconds("swap_seconds", "From a moved alias to the version it names")
        self.job_success = self._gauge("job_last_success_seconds", "When a job was last done", "job", "team")
        self.job_due = self._gauge("job_next_due_seconds", "When a job is due next", "job", "team")
        self.errors = self._counter("errors", "What went wrong, by part", "part")

    def measured(self, team_id: str, found: Accuracy | None) -> None:
        """Show a team's accuracy; nothing as long as there is none."""
        if found is None:
            return
        share = found.share
        for bound, value in (("value", share.value), ("low", share.low), ("high", share.high)):
            self.accuracy.labels(team_id, bound).set(value)

    def watch(
        self,
        waiting: Callable[[], int],
        cards_due: Callable[[], int],
        undelivered: Callable[[], int],
        argilla: Callable[[], bool],
    ) -> None:
        """Ask these for the depth of the queues, and how Argilla is, whenever somebody looks."""
        self.waiting.set_function(waiting)
        self.cards_due.set_function(cards_due)
        self.undelivered.set_function(undelivered)
        self.argilla.set_function(argilla)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, namespace="corrigible", registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, labels, namespace="corrigible", registry=self.registry)

    def _seconds(self, name: str, help_text: str) -> Histogram:
        return Histogram(name, help_text, namespace="corrigible", registry=self.registry, buckets=SECONDS)
