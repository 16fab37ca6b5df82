"""Where models come from and where versions are kept."""
