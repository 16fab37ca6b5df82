"""Annotation: what is asked of reviewers in Argilla, how it gets there, and how their answers come back."""
