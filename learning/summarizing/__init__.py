"""Summaries: what people wrote, said shorter, each sentence with the messages on which it rests."""
