"""Calling Slack: what a refusal means, and when to try again."""
