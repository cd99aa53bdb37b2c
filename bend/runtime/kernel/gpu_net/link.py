"""Joining two ports on one net that all lanes work on: LINK of spec 05, sections 2.1 and 3.1.

A slot is empty (0) until one of its two ends is joined with something; whoever has the other end finds that there.
Each exchanges what it has for what is in the slot, so that exactly one of the two goes on, and nobody waits.

A port that leads to cells is stored after (release) all that this lane has written to them. Nothing is acquired: who
follows a port can only read once it has it, and reads past the first-level cache of a GPU (`node_word`,
`slot_content`), which need not be emptied then.
"""

from bend.runtime.kernel.gpu_net.memory import free_node
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import RELAXED, RELEASE, Global, Ptr, addr, atomic_xchg, inline, noinline, u64
from bend.runtime.kernel.ports import CON, is_variable, tag, value
from bend.runtime.kernel.wires import meet


@noinline
def link_slow(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Joins two ports, following and freeing full slots; two ports that are no variables become a redex."""
    x = b
    y = a
    if not is_variable(x):
        x = a
        y = b
    held = x
    index: u64 = 0
    if is_variable(x):
        index = value(x)
        held = exchange(addr(w.heap[index]), y)
        if held == 0:
            return
    go_on(w, index, held, y)


@noinline
def go_on(w: Ptr[Worker], freed: u64, a: u64, b: u64) -> None:
    """Frees a slot, if there is one, and joins two ports."""
    x = a
    y = b
    index = freed
    while True:
        if index != 0:
            free_node(w, index)
        if not is_variable(x):
            z = x
            x = y
            y = z
        if not is_variable(x):
            meet(w, x, y)
            return
        index = value(x)
        x = exchange(addr(w.heap[index]), y)
        if x == 0:
            return


@inline
def exchange(slot: Global[u64], port: u64) -> u64:
    """Puts a port into a slot; gives what was there."""
    if tag(port) >= CON or is_variable(port):
        return atomic_xchg(slot, port, RELEASE)
    return atomic_xchg(slot, port, RELAXED)


@inline
def link(w: Ptr[Worker], a: u64, b: u64) -> None:
    """`link_slow`, under the name that code has that runs often."""
    link_slow(w, a, b)
