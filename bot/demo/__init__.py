"""`make run` without accounts: a local workspace, the embedded Argilla, and replay."""
