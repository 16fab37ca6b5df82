"""What runs an encoder: PyTorch, or ONNX Runtime with weights of eight bits. Both turn tokens into vectors."""
