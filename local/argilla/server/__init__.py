"""Argilla's own server and worker, with our search engine."""
