"""The kernel of the net engine on a GPU: one net that all lanes work on, rounds, turns, memory (docs/gpu-nets.md)."""
