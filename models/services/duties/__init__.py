"""People named for duties, their certificates, trainings, and what is missing (A7, A8, A18, B4, E34, E39)."""
