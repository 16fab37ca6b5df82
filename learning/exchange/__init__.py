"""Labelled data in and out: files, and what Hugging Face's `datasets` reads and writes."""
