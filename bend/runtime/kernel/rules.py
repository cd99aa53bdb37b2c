"""The interaction rules, one function each (spec 05, section 3), named as in the Python reducer `bend.hvm.rules`."""

from bend.runtime.kernel.entries import call_definition
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.lang import Ptr, Worker, inline, noinline, u64
from bend.runtime.kernel.numbers import PAYLOAD_MASK, TYPE_BITS, U24, number, operate_numbers
from bend.runtime.kernel.ports import (
    CON,
    DUP,
    ERASER,
    NUM,
    OPR,
    PLACE_SHIFT,
    REF,
    SWI,
    UNSAFE,
    VAR,
    differ,
    kind_of,
    make_port,
    place_of,
    tag,
    value,
)
from bend.runtime.kernel.storage import alloc_node, alloc_variable, free_node, link, node_word


@inline
def erase(w: Ptr[Worker], leaf: u64, node: u64) -> None:
    """ERAS: a nullary port meets a node, and so both its auxiliary ports."""
    index = value(node)
    first = node_word(w, index)
    second = node_word(w, index + 1)
    free_node(w, index)
    w.erasures += 1
    link(w, leaf, first)
    link(w, leaf, second)


@noinline
def annihilate(w: Ptr[Worker], a: u64, b: u64) -> None:
    """ANNI: two nodes of one kind join first with first and second with second."""
    i = value(a)
    j = value(b)
    a1 = node_word(w, i)
    a2 = node_word(w, i + 1)
    b1 = node_word(w, j)
    b2 = node_word(w, j + 1)
    free_node(w, i)
    free_node(w, j)
    w.annihilations += 1
    link(w, a1, b1)
    link(w, a2, b2)


@inline
def make_node(w: Ptr[Worker], kind: u64, first: u64, second: u64) -> u64:
    """A node with its auxiliary ports, as a port."""
    index = alloc_node(w)
    w.heap[index] = first
    w.heap[index + 1] = second
    return make_port(kind, index)


@noinline
def new_variable(w: Ptr[Worker]) -> u64:
    """`alloc_variable` for code that seldom runs."""
    return alloc_variable(w)


@noinline
def new_node(w: Ptr[Worker], kind: u64, first: u64, second: u64) -> u64:
    """`make_node` for code that seldom runs."""
    return make_node(w, kind, first, second)


@noinline
def unfold(w: Ptr[Worker], port: u64, kind: u64) -> u64:
    """Links a port with a new node of two new variables; gives the first one and leaves the other in `w.second`."""
    first = alloc_variable(w)
    second = alloc_variable(w)
    w.second = second
    link(w, port, make_node(w, kind, first, second))
    return first


@noinline
def put_off(w: Ptr[Worker], port: u64, stored: u64, place: u64) -> u64:
    """Links a port with a new operation that holds another; gives the variable of its result."""
    result = alloc_variable(w)
    link(w, port, make_node(w, OPR | (place << PLACE_SHIFT), stored, result))
    return result


@noinline
def commute(w: Ptr[Worker], a: u64, b: u64) -> None:
    """COMM: two nodes of different kinds, or DUP nodes with different labels, pass through each other."""
    i = value(a)
    j = value(b)
    a1 = node_word(w, i)
    a2 = node_word(w, i + 1)
    b1 = node_word(w, j)
    b2 = node_word(w, j + 1)
    free_node(w, i)
    free_node(w, j)
    w.commutations += 1
    x = alloc_variable(w)
    y = alloc_variable(w)
    z = alloc_variable(w)
    v = alloc_variable(w)
    link(w, make_node(w, kind_of(b), x, y), a1)
    link(w, make_node(w, kind_of(b), z, v), a2)
    link(w, make_node(w, kind_of(a), x, z), b1)
    link(w, make_node(w, kind_of(a), y, v), b2)


@noinline
def call(w: Ptr[Worker], reference: u64, node: u64) -> None:
    """CALL: a reference meets a node and becomes a fresh copy of its definition, or is copied as it is."""
    if tag(node) == CON and call_definition(w, value(reference), node):
        return
    if tag(node) == DUP and reference & UNSAFE == 0:
        erase(w, reference, node)
        return
    w.calls += 1
    expand(w, value(reference), node)


@noinline
def calculate(w: Ptr[Worker], x: u64, node: u64) -> None:
    """OPER: a number meets an operation; without a number stored in it, the node turns around and waits."""
    index = value(node)
    stored = node_word(w, index)
    result = node_word(w, index + 1)
    w.operations += 1
    if tag(stored) == NUM:
        free_node(w, index)
        link(w, make_port(NUM, operate_numbers(w, value(x), value(stored), place_of(node))), result)
        return
    w.heap[index] = x
    link(w, node, stored)


@noinline
def switch(w: Ptr[Worker], x: u64, node: u64) -> None:
    """SWIT: a number meets a switch and chooses the zero arm, or the other one with its predecessor."""
    index = value(node)
    arms = node_word(w, index)
    result = node_word(w, index + 1)
    w.switches += 1
    payload = value(x) >> TYPE_BITS
    if payload == 0:
        w.heap[index] = result
        w.heap[index + 1] = ERASER
    else:
        predecessor = make_port(NUM, number((payload - 1) & PAYLOAD_MASK, U24))
        w.heap[index] = ERASER
        w.heap[index + 1] = make_node(w, CON, predecessor, result)
    link(w, make_port(CON, index), arms)


@noinline
def interact(w: Ptr[Worker], left: u64, right: u64) -> None:
    """One redex, whichever it is: the table of spec 05, section 3."""
    a = left
    b = right
    if tag(a) > tag(b):
        a = right
        b = left
    kind_a = tag(a)
    kind_b = tag(b)
    if kind_a == VAR:
        link(w, b, a)
    elif kind_b < CON:
        w.voids += 1
    elif kind_a >= CON:
        if kind_a != kind_b or (kind_a == DUP and differ(a, b)):
            commute(w, a, b)
        else:
            annihilate(w, a, b)
    elif kind_a == NUM and kind_b == OPR:
        calculate(w, a, b)
    elif kind_a == NUM and kind_b == SWI:
        switch(w, a, b)
    elif kind_a == REF:
        call(w, a, b)
    else:
        erase(w, a, b)
