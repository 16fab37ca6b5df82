"""Argilla: connection, datasets' form, records, reviewers, webhooks."""
