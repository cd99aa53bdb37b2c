"""The net engine in WebAssembly: one worker, which the host calls; no threads, and no operating system."""
