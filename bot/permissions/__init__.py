"""Who may do what, and what a user is told of an error."""
