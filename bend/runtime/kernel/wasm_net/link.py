"""Joining two ports where nobody else works on the net: LINK of spec 05, sections 2.1 and 3.1.

A slot is empty (0) or holds what its first end was joined with.
"""

from bend.runtime.kernel.free_lists import alloc_slot, free_slot
from bend.runtime.kernel.lang import Ptr, inline, noinline, u64
from bend.runtime.kernel.ports import VAR, is_variable, make_port, value
from bend.runtime.kernel.wasm_net.state import Worker
from bend.runtime.kernel.wires import meet


@inline
def alloc_variable(w: Ptr[Worker]) -> u64:
    """A fresh, empty variable, as a port."""
    return bound_variable(w, 0)


@inline
def bound_variable(w: Ptr[Worker], port: u64) -> u64:
    """A fresh variable one end of which is joined with a port already."""
    index = alloc_slot(w)
    w.heap[index] = port
    return make_port(VAR, index)


@inline
def free_variable(w: Ptr[Worker], variable: u64) -> None:
    """Frees the slot of a variable."""
    free_slot(w, value(variable))


@inline
def slot_content(w: Ptr[Worker], index: u64) -> u64:
    """What the slot of a variable holds; 0 if it is empty."""
    return w.heap[index]


@noinline
def link_slow(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Joins two ports, following and freeing full slots; two ports that are no variables become a redex."""
    x = b
    y = a
    while True:
        if not is_variable(x):
            z = x
            x = y
            y = z
        if not is_variable(x):
            meet(w, x, y)
            return
        index = value(x)
        held = w.heap[index]
        if held == 0:
            w.heap[index] = y
            return
        free_slot(w, index)
        x = held


@inline
def link(w: Ptr[Worker], a: u64, b: u64) -> None:
    """`link_slow`, of which the commonest case, an empty variable, is written in line."""
    if is_variable(b) and w.heap[value(b)] == 0:
        w.heap[value(b)] = a
        return
    link_slow(w, a, b)
