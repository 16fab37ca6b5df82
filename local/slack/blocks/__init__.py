"""What Slack accepts in messages and views."""
