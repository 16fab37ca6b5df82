"""Forgetting users, and how long channels keep messages."""
