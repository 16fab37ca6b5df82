"""Tables, transactions and migrations. Knows neither Slack nor models."""
