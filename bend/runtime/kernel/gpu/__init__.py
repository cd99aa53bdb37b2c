"""Kernel code for grids of threads in blocks, as GPUs run them."""
