"""The interaction rules, one function each (spec 05, section 3), over a mutable graph of whole numbers.

A port is value << 3 | tag. Nodes stand in `heap` as pairs of cells, and variables are cells of `slots`, as in the
native runtime, whose kernel names its rules alike. This is the reference: plain rather than fast.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from bend.hvm import numbers
from bend.hvm.net import STATIC_LABELS, Book, Con, Dup, Era, Net, Num, Opr, Place, Ref, Swi, Tree, Var
from bend.hvm.numbers import PAYLOAD_MASK, TYPE_BITS, U24, DivisionByZero
from bend.hvm.places import place_of
from bend.hvm.safety import unsafe_definitions
from bend.records import dataclass

VAR = 0
REF = 1
ERA = 2
NUM = 3
CON = 4
DUP = 5
OPR = 6
SWI = 7

TAG_BITS = 3
TAG_MASK = 7
ERASER = ERA
ROOT = VAR
EMPTY = -1

TAG_OF: dict[type[Tree], int] = {Con: CON, Dup: DUP, Opr: OPR, Swi: SWI}


@dataclass(slots=True)
class Template:
    """A definition ready to be copied: ports of variables and nodes count from 0, others stand as they are.

    `operations` are the numbers of nodes that are operations, with their places.
    """

    variables: int
    cells: list[int]
    labels: list[int]
    pairs: list[tuple[int, int]]
    root: int
    safe: bool
    operations: list[tuple[int, Place]]


class Graph:
    """The net being reduced: nodes, variables, and the active pairs in a bag for quick rules and one for the others.

    Slot 0 is the output wire. `labels` are those of the nodes, in the order of their cells (docs/architecture.md,
    section 5). `places` are those of operations by the index of their nodes; `overflows`, where there is one, counts
    results that did not fit.
    """

    __slots__ = ('copied_references', 'free_nodes', 'free_slots', 'heap', 'high', 'labels', 'low', 'names',
                 'next_label', 'overflows', 'places', 'slots', 'templates')

    def __init__(self, book: Book, overflows: Counter[Place | None] | None = None) -> None:
        self.places: dict[int, Place] = {}
        self.overflows = overflows
        self.heap: list[int] = []
        self.labels: list[int] = []
        self.next_label = STATIC_LABELS
        self.free_nodes: list[int] = []
        self.slots: list[int] = [EMPTY]
        self.free_slots: list[int] = []
        self.high: list[tuple[int, int]] = []
        self.low: list[tuple[int, int]] = []
        self.copied_references = 0
        # The number of a definition: main first, then in byte order (spec 05, 1.4).
        self.names: list[str] = ['main', *sorted(book.defs.keys() - {'main'}, key=str.encode)]
        ids = {name: number for number, name in enumerate(self.names)}
        unsafe = unsafe_definitions(book)
        self.templates = [make_template(name, book.defs[name], ids, name not in unsafe) for name in self.names]

    def make_variable(self) -> int:
        """A fresh variable, as a port."""
        if self.free_slots:
            return self.free_slots.pop() << TAG_BITS
        self.slots.append(EMPTY)
        return len(self.slots) - 1 << TAG_BITS

    def make_node(self, tag: int, first: int, second: int, label: int = 0, place: Place | None = None) -> int:
        """A node with its auxiliary ports, as a port; a duplication has a label, an operation may have a place."""
        heap = self.heap
        if self.free_nodes:
            index = self.free_nodes.pop()
            heap[index] = first
            heap[index + 1] = second
            self.labels[index >> 1] = label
        else:
            index = len(heap)
            heap.append(first)
            heap.append(second)
            self.labels.append(label)
        if place is not None:
            self.places[index] = place
        return index << TAG_BITS | tag

    def take_node(self, port: int) -> tuple[int, int]:
        """The auxiliary ports of a node, which is freed."""
        index = port >> TAG_BITS
        self.free_nodes.append(index)
        return self.heap[index], self.heap[index + 1]

    def label(self, port: int) -> int:
        """The label of a node."""
        return self.labels[port >> TAG_BITS + 1]

    def differ(self, a: int, b: int) -> bool:
        """Whether two DUP nodes pass through each other."""
        left, right = self.label(a), self.label(b)
        return left != right and left != 0 and right != 0

    def take_redex(self, order: random.Random | None) -> tuple[int, int] | None:
        """The next active pair, or a random one; None when there is none left."""
        if order is None:
            bag = self.high or self.low
            return bag.pop() if bag else None
        count = len(self.high) + len(self.low)
        if count == 0:
            return None
        place = order.randrange(count)
        bag = self.high if place < len(self.high) else self.low
        place -= 0 if bag is self.high else len(self.high)
        bag[place], bag[-1] = bag[-1], bag[place]
        return bag.pop()

    def follow(self, port: int) -> int:
        """What stands at the other end of a chain of bound variables."""
        while port & TAG_MASK == VAR:
            content = self.slots[port >> TAG_BITS]
            if content == EMPTY:
                break
            port = content
        return port


def make_template(name: str, net: Net, ids: dict[str, int], safe: bool) -> Template:
    """Compiles a definition for expansion."""
    variables: dict[str, int] = {}
    cells: list[int] = []
    operations: list[tuple[int, Place]] = []
    labels: list[int] = []

    def compile_tree(tree: Tree) -> int:
        root = [0]
        # Where the port of each tree goes: a list and an index in it.
        stack: list[tuple[Tree, list[int], int]] = [(tree, root, 0)]
        while stack:
            item, place, index = stack.pop()
            if isinstance(item, Con | Dup | Opr | Swi):
                node = len(cells)
                cells.extend((0, 0))
                labels.append(item.label if isinstance(item, Dup) else 0)
                place[index] = node << TAG_BITS | TAG_OF[type(item)]
                stack += ((item.second, cells, node + 1), (item.first, cells, node))
                if isinstance(item, Opr):
                    operations.append((node >> 1, place_of(item, name)))
            elif isinstance(item, Var):
                place[index] = variables.setdefault(item.name, len(variables)) << TAG_BITS
            else:
                place[index] = _leaf_port(item, ids)
        return root[0]

    pairs = [(compile_tree(redex.left), compile_tree(redex.right)) for redex in net.redexes]
    root = compile_tree(net.root)
    return Template(len(variables), cells, labels, pairs, root, safe, operations)


def _leaf_port(tree: Ref | Era | Num, ids: dict[str, int]) -> int:
    if isinstance(tree, Num):
        return tree.word << TAG_BITS | NUM
    if isinstance(tree, Ref):
        return ids[tree.name] << TAG_BITS | REF
    return ERASER


def expand(graph: Graph, definition: int, target: int) -> None:
    """Copies a definition with fresh nodes and variables; its root meets `target`."""
    template = graph.templates[definition]
    variables = [graph.make_variable() for _ in range(template.variables)]
    cells = template.cells
    first_label = graph.next_label - 1
    nodes = [graph.make_node(0, 0, 0, label if label >= 0 else first_label - label) for label in template.labels]
    graph.next_label -= min(template.labels, default=0)
    heap = graph.heap

    def place(port: int) -> int:
        tag = port & TAG_MASK
        if tag >= CON:
            return nodes[port >> TAG_BITS + 1] | tag
        return variables[port >> TAG_BITS] if tag == VAR else port

    for number, node in enumerate(nodes):
        index = node >> TAG_BITS
        heap[index] = place(cells[2 * number])
        heap[index + 1] = place(cells[2 * number + 1])
    for number, operation in template.operations:
        graph.places[nodes[number] >> TAG_BITS] = operation
    for left, right in template.pairs:
        link(graph, place(left), place(right))
    link(graph, place(template.root), target)


def link(graph: Graph, a: int, b: int) -> None:
    """LINK: joins two wires; two ends that are not variables become an active pair (spec 05, 2.1)."""
    slots = graph.slots
    while True:
        if a & TAG_MASK:
            if b & TAG_MASK:
                (graph.high if IS_HIGH[(a & TAG_MASK) << TAG_BITS | b & TAG_MASK] else graph.low).append((a, b))
                return
            a, b = b, a
        while b & TAG_MASK == VAR:
            content = slots[b >> TAG_BITS]
            if content == EMPTY:
                break
            slots[b >> TAG_BITS] = EMPTY
            graph.free_slots.append(b >> TAG_BITS)
            b = content
        index = a >> TAG_BITS
        content = slots[index]
        if content == EMPTY:
            slots[index] = b
            return
        slots[index] = EMPTY
        graph.free_slots.append(index)
        a = content


def void(graph: Graph, a: int, b: int) -> None:
    """VOID: two leaves vanish."""


def erase(graph: Graph, leaf: int, node: int) -> None:
    """ERAS: a leaf meets a node, and so both its auxiliary ports."""
    first, second = graph.take_node(node)
    link(graph, leaf, first)
    link(graph, leaf, second)


def annihilate(graph: Graph, a: int, b: int) -> None:
    """ANNI: two nodes of one kind join first with first and second with second."""
    a1, a2 = graph.take_node(a)
    b1, b2 = graph.take_node(b)
    link(graph, a1, b1)
    link(graph, a2, b2)


def commute(graph: Graph, a: int, b: int) -> None:
    """COMM: two nodes of different kinds, or DUP nodes with different labels, pass through each other."""
    kind_a = a & TAG_MASK
    kind_b = b & TAG_MASK
    label_a = graph.label(a)
    label_b = graph.label(b)
    place_a = graph.places.get(a >> TAG_BITS) if kind_a == OPR else None
    place_b = graph.places.get(b >> TAG_BITS) if kind_b == OPR else None
    a1, a2 = graph.take_node(a)
    b1, b2 = graph.take_node(b)
    x = graph.make_variable()
    y = graph.make_variable()
    z = graph.make_variable()
    w = graph.make_variable()
    link(graph, graph.make_node(kind_b, x, y, label_b, place_b), a1)
    link(graph, graph.make_node(kind_b, z, w, label_b, place_b), a2)
    link(graph, graph.make_node(kind_a, x, z, label_a, place_a), b1)
    link(graph, graph.make_node(kind_a, y, w, label_a, place_a), b2)


def call(graph: Graph, reference: int, node: int) -> None:
    """CALL: a reference meets a node and becomes a fresh copy of its definition. A safe one that meets a duplication
    is copied as it is, which does what ERAS does and counts as that."""
    definition = reference >> TAG_BITS
    if node & TAG_MASK == DUP and graph.templates[definition].safe:
        graph.copied_references += 1
        erase(graph, reference, node)
    else:
        expand(graph, definition, node)


def operate(graph: Graph, number: int, node: int) -> None:
    """OPER: a number meets an operation; without a number stored in it, the node turns around and waits.

    Only the stored port counts: a variable that is bound already is not looked through (spec 05, 3.7).
    """
    index = node >> TAG_BITS
    stored = graph.heap[index]
    if stored & TAG_MASK == NUM:
        _, result = graph.take_node(node)
        x, y = number >> TAG_BITS, stored >> TAG_BITS
        try:
            word = numbers.operate(x, y)
        except DivisionByZero:
            raise DivisionByZero(graph.places.get(index)) from None
        if graph.overflows is not None and numbers.does_not_fit(x, y):
            graph.overflows[graph.places.get(index)] += 1
        link(graph, word << TAG_BITS | NUM, result)
    else:
        graph.heap[index] = number
        link(graph, node, stored)


def switch(graph: Graph, number: int, node: int) -> None:
    """SWIT: a number meets a switch and chooses the zero arm, or the other one with its predecessor.

    The bits decide, whatever the type (spec 05, 3.8).
    """
    arms, result = graph.take_node(node)
    payload = number >> TAG_BITS + TYPE_BITS & PAYLOAD_MASK
    if payload == 0:
        chosen = graph.make_node(CON, result, ERASER)
    else:
        predecessor = numbers.make_word(payload - 1, U24) << TAG_BITS | NUM
        chosen = graph.make_node(CON, ERASER, graph.make_node(CON, predecessor, result))
    link(graph, chosen, arms)


Rule = Callable[[Graph, int, int], None]


def _rule(a: int, b: int) -> Rule:
    """The rule for two tags: the table of spec 05, section 3."""
    if a > b:
        a, b = b, a
    if a == VAR:
        return link
    if b < CON:
        return void
    if a >= CON:
        return annihilate if a == b else commute
    if a == REF:
        return call
    if a == NUM and b == OPR:
        return operate
    if a == NUM and b == SWI:
        return switch
    return erase


RULES: list[Rule] = [*(_rule(a, b) for a in range(8) for b in range(8)), commute]
"""The rule for each pair of tags, and that for DUP nodes with different labels."""

ANNIHILATION = DUP << TAG_BITS | DUP
PASSING = len(RULES) - 1
"""Where the two rules for DUP nodes stand."""

IS_HIGH: list[bool] = [rule in (link, void, erase, annihilate) for rule in RULES]
"""Whether a pair goes into the bag that is emptied first (spec 05, 2.2)."""
