"""The bag of the worker: a stack of tasks (`bend.runtime.kernel.tasks`, `bend.runtime.kernel.pushing`), which
moves to where there is more room."""

from bend.runtime.kernel.lang import Ptr, addr, inline, noinline, u64, unlikely
from bend.runtime.kernel.wasm_net.memory import WORD, take_words, use_again
from bend.runtime.kernel.wasm_net.state import Worker


@inline
def claim_words(w: Ptr[Worker], count: u64) -> u64:
    """Where so many words of a task, both headers included, are to be written on the top. The bag may have moved."""
    top = w.top
    w.top = top + count
    if unlikely(w.top > w.bag_words):
        move_bag(w, top)
    return top


@noinline
def move_bag(w: Ptr[Worker], used: u64) -> None:
    """Doubles the room on the bag, of which so many words are used."""
    words = w.bag_words * 2
    area = take_words(w, words)
    target = addr(w.heap[area])
    for index in range(used):
        target[index] = w.bag[index]
    use_again(w, u64(w.bag) // WORD, w.bag_words)
    w.bag = target
    w.bag_words = words
