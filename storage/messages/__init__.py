"""Messages, the channels that they are in, their earlier texts, and their records in Argilla."""
