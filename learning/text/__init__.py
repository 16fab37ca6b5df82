"""Text that users wrote: masking, names, edits, and regular expressions whose time is bounded."""
