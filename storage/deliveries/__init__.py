"""What is owed to Slack and Argilla, and what was given up."""
