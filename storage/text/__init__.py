"""Text that databases take, and spellings and emoji names that mean the same."""
