"""Pushing tasks (`bend.runtime.kernel.tasks`) on a bag that is a stack, on CPU threads and in WebAssembly."""

from bend.runtime.kernel.lang import Ptr, Worker, extern, inline, u64
from bend.runtime.kernel.tasks import COUNT_SHIFT, REDEX


@extern
def claim_words(w: Ptr[Worker], count: u64) -> u64:
    """Where so many words of a task, both headers included, are to be written on the top; whoever has the bag provides
    this. The bag may have moved."""


@inline
def claim_task(w: Ptr[Worker], header: u64) -> u64:
    """Puts a task on the top; gives where in the bag, which may have moved, its words are to be written."""
    count = header >> COUNT_SHIFT
    top = claim_words(w, count + 2)
    w.bag[top] = header
    w.bag[top + count + 1] = header
    return top + 1


@inline
def push_redex(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Puts an active pair on the top."""
    top = claim_words(w, 4)
    bag = w.bag
    header: u64 = (2 << COUNT_SHIFT) | REDEX
    bag[top] = header
    bag[top + 1] = a
    bag[top + 2] = b
    bag[top + 3] = header
