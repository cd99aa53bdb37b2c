"""The kernel of the direct engine: memory, counts, forks."""
