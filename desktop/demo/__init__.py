"""The main job on invented data."""
