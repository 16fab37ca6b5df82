"""What runs an encoder: PyTorch on a GPU or a processor, or ONNX Runtime in int8."""
