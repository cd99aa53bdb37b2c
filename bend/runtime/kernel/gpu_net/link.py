"""Joining two ports on one net that all lanes work on: LINK of spec 05, sections 2.1 and 3.1.

A slot is empty (0) until one of its two ends is joined with something; whoever has the other end finds that there.
Each exchanges what it has for what is in the slot, so that exactly one of the two goes on, and nobody waits.

A task only notes what is to be joined; that is done at its end, when lanes of a warp are together again. The first
exchange of a port that leads to cells then comes after (release) all that this lane has written to them, and the others
after that one: the fence that makes it so stands before all of them. Nothing is acquired: who
follows a port can only read once it has it, and reads past the first-level cache of a GPU (`node_word`,
`slot_content`), which need not be emptied then.
"""

from bend.runtime.kernel.gpu_net.memory import free_node
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import RELAXED, RELEASE, Ptr, addr, atomic_xchg, inline, noinline, u64
from bend.runtime.kernel.ports import CON, is_variable, tag, value
from bend.runtime.kernel.wires import meet

JOIN_WORDS = 8


@noinline
def link_slow(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Joins two ports, at the end of the task if one is a variable; two others become a redex."""
    if not is_variable(a) and not is_variable(b):
        meet(w, a, b)
        return
    count = w.join_words
    w.joins[count] = a
    w.joins[count + 1] = b
    w.join_words = count + 2
    if count + 2 == JOIN_WORDS:
        join_all(w)


@noinline
def join_all(w: Ptr[Worker]) -> None:
    """Joins what is to be joined."""
    count = w.join_words
    w.join_words = 0
    is_released = False
    index: u64 = 0
    while index < count:
        if join(w, w.joins[index], w.joins[index + 1], is_released):
            is_released = True
        index += 2


@inline
def join(w: Ptr[Worker], a: u64, b: u64, is_released: bool) -> bool:
    """Joins two ports, following and freeing full slots; two ports that are no variables become a redex. Whether it has
    released what the lane has written, or that was done before."""
    x = b
    y = a
    releases = not is_released
    while True:
        if not is_variable(x):
            z = x
            x = y
            y = z
        if not is_variable(x):
            meet(w, x, y)
            break
        index = value(x)
        if releases and (is_variable(y) or tag(y) >= CON):
            x = atomic_xchg(addr(w.heap[index]), y, RELEASE)
            releases = False
        else:
            x = atomic_xchg(addr(w.heap[index]), y, RELAXED)
        if x == 0:
            break
        free_node(w, index)
    return not releases


@inline
def link(w: Ptr[Worker], a: u64, b: u64) -> None:
    """`link_slow`, under the name that code has that runs often."""
    link_slow(w, a, b)
