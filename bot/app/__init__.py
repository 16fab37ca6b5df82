"""The wiring: builds the parts of each workspace and hands them to each other."""
