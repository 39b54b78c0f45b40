"""Units that lost a part of their memory, or all of it, and those who help them back (decision 9)."""
