"""The kernel of the direct engine on a GPU: frames, waves, memory (docs/waves.md)."""
