"""What a model is and how it gets better. Has never heard of Slack."""
