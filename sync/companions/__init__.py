"""Two PCs of one unit: pairing, drafts to the approver, signed decisions back, all by file (decision 2)."""
