"""Slack in and out, the background work, the command line, and the wiring of it all."""
