"""Summaries in Slack: commands, worker, card, feedback, thread history."""
