"""What is asked of reviewers, how it gets to the review tool, and how responses come back."""
