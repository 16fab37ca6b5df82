"""Fine-tuning: from labelled messages to a version that may challenge the one in service."""
