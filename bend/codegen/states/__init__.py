"""Functions of the direct engine as states of one machine, for targets without a stack of calls (docs/waves.md)."""
