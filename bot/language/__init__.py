"""Catalogues, and which language each user reads."""
