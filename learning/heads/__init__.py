"""The head: a small classifier on embeddings, fitted again at each correction."""
