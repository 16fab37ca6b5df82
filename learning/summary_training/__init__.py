"""The task of summarization: examples, fine-tuning, gate, and the summarizer in service."""
