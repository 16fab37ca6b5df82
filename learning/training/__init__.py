"""Training runs: what starts them, the process that trains, and the search for a recipe."""
