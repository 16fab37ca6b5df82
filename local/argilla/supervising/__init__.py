"""Starts the embedded Argilla's processes and brings its index in line."""
