"""Labels, corrections and responses, and what they come to together."""
