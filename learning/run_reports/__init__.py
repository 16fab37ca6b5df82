"""What a run leaves to read: model card, picture, data report."""
