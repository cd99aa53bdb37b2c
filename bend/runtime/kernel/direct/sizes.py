"""What memory, counts and the state of workers agree on, whichever engine's worker is compiled along."""

# A parameter of the compilation: whether several workers may run at the same time.
PARALLEL = 0
# A parameter of the compilation: whether plain loads of counts are enough with several workers (`counts`).
WEAK = 0
# Another one: whether the machine selects one of two values faster than it branches, as GPUs do.
SELECTS = 0
# Another one: whether cells are counted as they are allocated.
COUNTING = 0

# The largest cell with a free list of its own size, in words with the header; larger ones are rounded up.
MAX_CELL = 40
FREE_LISTS = 41
LARGE_LISTS = 40
