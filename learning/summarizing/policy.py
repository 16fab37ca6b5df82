"""What Slack says of training on its data, quoted to whoever turns on that a model that writes is trained on it."""

from __future__ import annotations

# Slack App Developer Policy, as of 10 December 2024.
QUOTED = "Using Data to train an LLM under any circumstances"
POLICY = (
    "Slack's App Developer Policy (10 December 2024) names what is prohibited, and among it: "
    f"“{QUOTED}”. Slack's API Terms of Service (10 October 2025) forbid training a large language model on API data "
    "to apps that are offered outside one's own organization. Neither says what a large language model is. Whoever "
    "turns this on decides for the team that fine-tuning its own summarizer on summaries that its people wrote in "
    "Slack, on its own machine and for itself alone, is permitted to it, and answers for that."
)
