"""Erasing much at once: what one user wrote, what a channel no longer keeps, or all of a team."""
