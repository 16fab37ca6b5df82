"""Delivers events to the bot by Socket Mode or signed HTTP."""
