"""Keys: who can open the store and sign, kept in keys.json beside it (security page, decisions 10, 11)."""
