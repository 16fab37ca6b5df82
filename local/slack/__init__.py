"""A Slack workspace on this machine that speaks Slack's own wire: Web API, Socket Mode and signed HTTP."""
