"""The courier: brings each card in Slack to the state that it should show."""
