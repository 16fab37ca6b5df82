"""Questions to the user who chose a label: after an edit, or when a run finds it suspicious."""
