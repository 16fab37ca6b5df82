"""The encoder as it serves, its export, and the embeddings of messages."""
