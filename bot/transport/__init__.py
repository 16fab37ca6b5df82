"""How Slack and Argilla reach the bot: the web server and Socket Mode."""
