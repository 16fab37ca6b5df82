"""Labelled data: the label file, imports and exports, and whom to believe."""
