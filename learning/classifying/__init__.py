"""The task of classification: what it learns from, and predicting the messages that wait."""
