"""The search engine on SQLite and numpy."""
