"""Installing by OAuth: grants, tokens, and their encryption."""
