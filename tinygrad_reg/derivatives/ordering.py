"""Lines for sorting and for picking entries by rank."""
