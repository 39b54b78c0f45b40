"""Accounts of the learning platform and the changes their own unit decides on (A8, A12, A16, A17; D6)."""
