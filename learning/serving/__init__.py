"""The registry, hot swap, and switching to another encoder."""
