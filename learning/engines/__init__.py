"""What runs an encoder: PyTorch, on a GPU or a processor, or ONNX Runtime with weights of eight bits. Each turns tokens
into vectors.
"""
