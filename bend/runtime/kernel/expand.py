"""Instantiating definitions from the book's tables: the way of all definitions that are not compiled.

The book is an array of words. Word d is where definition d starts: count of variables, of nodes, of redexes; the
root; count of fresh labels; two ports a node; two ports a redex. In these ports the value of a VAR counts the
definition's variables and that of a node its nodes; fresh labels count from FRESH.
"""

from bend.runtime.kernel.lang import Ptr, Worker, addr, export, inline, noinline, u64
from bend.runtime.kernel.ports import (
    CON,
    DUP,
    FRESH,
    KIND_MASK,
    LABEL_SHIFT,
    NUM,
    TAG_MASK,
    VAR,
    kind_of,
    make_port,
    tag,
    value,
)
from bend.runtime.kernel.storage import (
    alloc_node,
    alloc_variable,
    link,
    push_redex,
    scratch_area,
    take_labels,
)


@inline
def fresh_kind(kind: u64, labels: u64) -> u64:
    """The kind of a DUP node of a definition whose fresh labels begin at `labels`."""
    return (kind + (labels << LABEL_SHIFT)) & KIND_MASK | FRESH


@inline
def relocate(nodes: Ptr[u64], variables: Ptr[u64], labels: u64, port: u64) -> u64:
    """A port of a definition as a port of the heap."""
    kind = tag(port)
    if kind == VAR:
        return variables[value(port)]
    if kind >= CON:
        kind = kind_of(port)
        if kind & (TAG_MASK | FRESH) == DUP | FRESH:
            kind = fresh_kind(kind, labels)
        return make_port(kind, nodes[value(port)])
    return port


@noinline
def expand(w: Ptr[Worker], definition: u64, target: u64) -> None:
    """Makes a fresh copy of a definition and joins its root with `target`. The scratch area maps its local names."""
    code = addr(w.book[w.book[definition]])
    variable_count = code[0]
    node_count = code[1]
    redex_count = code[2]
    variables = scratch_area(w)
    nodes = addr(variables[variable_count])
    i: u64 = 0
    while i < variable_count:
        variables[i] = alloc_variable(w)
        i += 1
    i = 0
    while i < node_count:
        nodes[i] = alloc_node(w)
        i += 1
    labels = take_labels(w, code[4])
    body = addr(code[5])
    i = 0
    while i < node_count:
        w.heap[nodes[i]] = relocate(nodes, variables, labels, body[i * 2])
        w.heap[nodes[i] + 1] = relocate(nodes, variables, labels, body[i * 2 + 1])
        i += 1
    # The scratch area may be used again by what linking sends to other workers, so nothing in it is read after
    # the first link: all redexes are on the bag before the root is joined.
    root = relocate(nodes, variables, labels, code[3])
    pairs = addr(body[node_count * 2])
    i = 0
    while i < redex_count:
        left = relocate(nodes, variables, labels, pairs[i * 2])
        right = relocate(nodes, variables, labels, pairs[i * 2 + 1])
        push_redex(w, left, right)
        i += 1
    link(w, target, root)


@export
@noinline
def constant_of(w: Ptr[Worker], reference: u64) -> u64:
    """The number that a reference stands for (a constructor's tag, say); 0 if its definition is anything else."""
    code = addr(w.book[w.book[value(reference)]])
    if code[0] + code[1] + code[2] == 0 and tag(code[3]) == NUM:
        return code[3]
    return 0
