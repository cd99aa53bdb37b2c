"""Runs of the direct engine on a device of blocks and lanes (docs/waves.md)."""
