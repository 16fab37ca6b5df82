"""What Bolt hears of questions about labels: that a user wants no more of them, or wants them again.

Their other buttons are those of a card.
"""

from __future__ import annotations

from slack_bolt import Ack, App, Respond

from bot.questions import label_question_view
from bot.questions.label_questions import LabelQuestions
from bot.slack import payloads
from bot.slack.payloads import Json


def register(app: App, questions: LabelQuestions) -> None:
    """Let `app` hear both."""

    @app.action(label_question_view.DECLINE)
    def decline(ack: Ack, body: Json) -> None:
        questions.decline(payloads.clicker(body))
        ack()

    @app.action(label_question_view.ACCEPT)
    def accept(ack: Ack, body: Json, respond: Respond) -> None:
        questions.accept(payloads.clicker(body))
        ack()
        respond(replace_original=True, **label_question_view.accepted())
