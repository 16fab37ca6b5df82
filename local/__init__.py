"""What stands in, on this machine, for the services the bot speaks to."""
