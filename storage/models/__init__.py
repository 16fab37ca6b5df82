"""Versions, training runs, predictions, and what is stored with each version."""
