"""Joining two ports: LINK of spec 05, sections 2.1 and 3.1.

A slot is empty (0) or holds what its first end was joined with. The worker that acts for its region writes it with
plain stores. Another worker that holds an end of a slot either finds it full, and then nobody else can reach it any
more, or sends that worker a message to do the joining.
"""

from bend.runtime.kernel.free_lists import alloc_slot, free_slot
from bend.runtime.kernel.lang import (
    ACQUIRE,
    RELEASE,
    Ptr,
    addr,
    atomic_load,
    atomic_store,
    inline,
    likely,
    noinline,
    u64,
)
from bend.runtime.kernel.mail import free_foreign, send_link
from bend.runtime.kernel.ports import VAR, is_variable, make_port, value
from bend.runtime.kernel.regions import acts_for, is_mine
from bend.runtime.kernel.state import Worker
from bend.runtime.kernel.wires import meet


@inline
def alloc_variable(w: Ptr[Worker]) -> u64:
    """A fresh, empty variable, as a port."""
    index = alloc_slot(w)
    w.heap[index] = 0
    return make_port(VAR, index)


@inline
def bound_variable(w: Ptr[Worker], port: u64) -> u64:
    """A fresh variable one end of which is joined with a port already."""
    index = alloc_slot(w)
    atomic_store(addr(w.heap[index]), port, RELEASE)
    return make_port(VAR, index)


@inline
def free_variable(w: Ptr[Worker], variable: u64) -> None:
    """Frees the slot of a variable, whoever's it is."""
    if is_mine(w, variable):
        free_slot(w, value(variable))
    else:
        free_foreign(w, value(variable))


@inline
def slot_content(w: Ptr[Worker], index: u64) -> u64:
    """What the slot of a variable holds, whoever's it is; 0 if it is empty."""
    return atomic_load(addr(w.heap[index]), ACQUIRE)


@noinline
def link_slow(w: Ptr[Worker], a: u64, b: u64) -> None:
    """`link` in full."""
    x = a
    y = b
    while True:
        if not is_variable(x) or (is_variable(y) and not acts_for(w, x) and acts_for(w, y)):
            z = x
            x = y
            y = z
        if not is_variable(x):
            meet(w, x, y)
            return
        index = value(x)
        held = atomic_load(addr(w.heap[index]), ACQUIRE)
        if held == 0:
            if acts_for(w, x):
                atomic_store(addr(w.heap[index]), y, RELEASE)
            else:
                send_link(w, x, y)
            return
        free_variable(w, x)
        x = held


@inline
def link(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Joins two ports, following and freeing full slots; two ports that are no variables become a redex.

    Writes the commonest case, a variable of this worker that is empty or holds no variable, in line.
    """
    if likely(is_variable(b) and is_mine(w, b)):
        index = value(b)
        held = w.heap[index]
        if held == 0:
            atomic_store(addr(w.heap[index]), a, RELEASE)
            return
        free_slot(w, index)
        link_slow(w, a, held)
        return
    link_slow(w, a, b)
