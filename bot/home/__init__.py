"""The App Home and its modals: accuracy, settings, labels, held-back corrections."""
