"""A real Argilla with no other server: its own environment, SQLite, a search engine of ours, jobs on Valkey.

`embedded.py` runs in the bot's environment and starts the rest, which runs in Argilla's (requirements.txt).
"""
