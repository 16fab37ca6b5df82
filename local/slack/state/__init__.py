"""Channels, messages, views, and who is told when they change."""
