"""The protocol of a task, and what its training jobs are made of."""
