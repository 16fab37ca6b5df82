"""The writing process: a generative model, its prompts and its decoding."""
