"""Slack's JSON: payloads in, blocks and mrkdwn out."""
