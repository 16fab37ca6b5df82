"""What a workspace begins with."""
