"""The direct engine at run time."""
