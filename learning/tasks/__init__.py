"""What is learned: classification and summarization, behind one protocol."""
