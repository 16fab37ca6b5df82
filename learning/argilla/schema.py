"""What a team's dataset in Argilla looks like: the message, the question, what reviewers can filter by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from learning.encoders.encoder import Encoder
from learning.text.names import UNNAMED, markdown, markdown_name, visible
from storage.tables.feedback import Label

TEXT, SAID, PREDICTED, LABEL = "text", "said", "predicted", "label"
CHANNEL, VERSION, SCORE, MARGIN, DISAGREEMENT, SOURCE = (
    "channel",
    "version",
    "score",
    "margin",
    "disagreement",
    "source",
)
GUIDELINES_MOST, DESCRIPTION_MOST, QUESTION_MOST = 10_000, 1_000, 1_000
MORE = "More in the guidelines."
# Of more labels none is preselected: Enter, and the search for labels, would submit what nobody has seen.
PRESELECT_MOST = 9
# A question needs two options at least; a team may begin with none or one.
PLACEHOLDERS = ("label 1", "label 2")
TITLES = {
    CHANNEL: "Channel",
    VERSION: "Model version",
    SCORE: "Score (how sure the model is)",
    MARGIN: "Margin (ahead of the next label)",
    DISAGREEMENT: "Disagreement",
    SOURCE: "Why it is asked",
}
TERMS, SHARES = (CHANNEL, VERSION, DISAGREEMENT, SOURCE), (SCORE, MARGIN)

# What reviewers read first: Argilla's own pages don't say so.
CAREFUL = (
    "**Careful with the keyboard: a digit submits at once, and the Enter that its button shows then submits the "
    "*next* record's suggestion, unread.** A suggestion that is submitted within a second of your previous response "
    "doesn't count, and you are asked again."
)
CAREFUL_OF_DIGITS = (
    "**Careful with the keyboard: a digit can submit at once.** Nothing is preselected, so Enter submits only what you "
    "chose."
)
SUGGESTED = "**Suggestion**: what the model thinks, with its score (1 is certain)."
SHOWN = "**What the model says**: a label, and how sure the model is."

GUIDELINES = """{careful}

# What to do

Each record is a message that somebody wrote in Slack. Choose the **label** that fits it best and submit. The bot \
learns from your answer within seconds, and the card under the message in Slack shows it.

- {model} It is often right; it is here to be corrected.
- **Said in Slack**: what people there chose instead. They may disagree, with the model and with each other.
- **Discard** a message that fits no label, or that nobody could label: it is taken out of everything learned.
- You may change an answer at any time; the latest counts.
- Where reviewers disagree, the message comes back once more, to be settled by one more of you.
- **Find similar** shows messages that the model reads as close to this one.

Worth a filter: *Disagreement* (where people and model differ), a low *Margin* (where the model hesitates), *Channel*.

"""
LABELS = "# The labels\n\n"
TWICE = """# Two reviewers answer each record here

This is how your agreement is measured. Answer without asking each other. The other messages are in the dataset \
**{name}**.

"""


@dataclass(frozen=True)
class DatasetPlan:
    """The dataset as it should be. `options`: for each label's name its description, in the order shown."""

    options: dict[str, str]
    min_submitted: int
    vector: str
    vector_title: str
    dimensions: int
    note: str = ""

    @property
    def guidelines(self) -> str:
        """What reviewers read first."""
        lines = [f"- **{markdown_name(name)}**{_described(text)}" for name, text in self.options.items()]
        careful, model = (CAREFUL, SUGGESTED) if self.preselects else (CAREFUL_OF_DIGITS, SHOWN)
        told = GUIDELINES.format(careful=careful, model=model) + self.note + LABELS
        return _fitting(told, lines, GUIDELINES_MOST)

    @property
    def preselects(self) -> bool:
        """Is what the model says suggested, or only shown?"""
        return len(self.options) <= PRESELECT_MOST

    @property
    def about(self) -> str | None:
        """What reviewers see when they press the *i* beside the question: each label with its description.

        Argilla's page shows no descriptions of options.
        """
        described = [
            f"{visible(name)}: {visible(text)}" for name, text in self.options.items() if visible(text)
        ]
        text = _fitting("", described, QUESTION_MOST - len(MORE))
        return (text if len(text.splitlines()) == len(described) else f"{text}\n{MORE}") or None

    def option(self, name: str) -> dict[str, str | None]:
        """One option with its description, which Argilla's API knows and its client does not."""
        return {
            "value": name,
            "text": visible(name) or UNNAMED,
            "description": self.options.get(name, "")[:DESCRIPTION_MOST] or None,
        }


def plan(
    labels: Sequence[Label], encoder: Encoder, encoder_name: str, min_submitted: int, note: str = ""
) -> DatasetPlan:
    """The dataset for these labels, in their order, and for the vectors of this encoder."""
    options = {label.name: label.description for label in labels}
    for name in PLACEHOLDERS[: max(0, 2 - len(options))]:
        options[name] = "(not in use)"
    vector = f"encoder_{encoder.fingerprint}"
    return DatasetPlan(options, min_submitted, vector, f"Similar to {encoder_name}", encoder.dimensions, note)


def vector_field(plan: DatasetPlan) -> dict[str, Any]:
    """The vectors as Argilla's API creates them in a dataset that exists."""
    return {"name": plan.vector, "title": plan.vector_title, "dimensions": plan.dimensions}


def _described(text: str) -> str:
    return f" – {markdown(text)}" if visible(text) else ""


def _fitting(text: str, lines: Sequence[str], most: int) -> str:
    """A text with as many whole lines after it as Argilla takes."""
    for line in lines:
        if len(text) + len(line) > most:
            break
        text += f"{line}\n"
    return text.rstrip("\n")
