"""Documents for the world outside Rollbook that carry the unit's signature."""
