"""The tables. Times are seconds since 1970 (UTC); ids are ours, so that nothing waits for the database.

A module for each subject. All are imported here, so that each table is known wherever one of them is.
"""

from storage.tables import annotation, database, deliveries, feedback, messages, models, summaries, workspaces

__all__ = [
    "annotation",
    "database",
    "deliveries",
    "feedback",
    "messages",
    "models",
    "summaries",
    "workspaces",
]
