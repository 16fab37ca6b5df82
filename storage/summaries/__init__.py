"""Summaries, what users and reviewers said of them, and what runs learned from."""
