"""Active learning: query strategies, and which corrections look wrong."""
