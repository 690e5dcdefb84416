"""The proofs of the exercises, one file each: `QUESTIONS`, in the order they are put."""
