"""Fine-tuning an encoder on labelled messages."""
