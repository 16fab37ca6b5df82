"""Summaries of threads: extracted or written, each sentence checked against the messages."""
