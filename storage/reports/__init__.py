"""What there is to tell of a team, read from the database alone."""
