"""Classifying messages: use cases, card, corrections, shortcuts, quiet mode."""
