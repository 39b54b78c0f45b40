"""Special inspections of the platform's accounts and patrols: compared, handled, proved, signed (A6, A9, A10, A12)."""
