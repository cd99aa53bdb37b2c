"""The kernel of the direct engine: memory, reference counts, stacks, forks (docs/direct.md)."""
