"""Nets of the reference reducer as the loop of actions sees them (`bend.runtime.machine.Machine`).

A place is the index of a cell of a node times two, or that of a variable's slot times two plus one.
"""

from __future__ import annotations

from bend.hvm import net
from bend.hvm.actions import ActionNames
from bend.hvm.reduce import Reduction, read_tree
from bend.hvm.rules import CON, EMPTY, ROOT, TAG_BITS, link
from bend.runtime.net_at_rest import NetAtRest


class ReferenceMachine(NetAtRest):
    """A reduction at rest."""

    def __init__(self, reduction: Reduction, names: ActionNames) -> None:
        self.reduction = reduction
        self.graph = reduction.graph
        super().__init__(self.graph.names, names, self.slot(ROOT), TAG_BITS, EMPTY)

    def read(self, place: int) -> int:
        """See `NetAtRest`."""
        return (self.graph.slots if place & 1 else self.graph.heap)[place >> 1]

    def write(self, place: int, port: int) -> None:
        """See `NetAtRest`."""
        (self.graph.slots if place & 1 else self.graph.heap)[place >> 1] = port

    def slot(self, variable: int) -> int:
        """See `NetAtRest`."""
        return (variable >> TAG_BITS) * 2 + 1

    def parts(self, node: int) -> tuple[int, int]:
        """See `NetAtRest`."""
        index = (node >> TAG_BITS) * 2
        return index, index + 2

    def constant(self, reference: int) -> int | None:
        """See `NetAtRest`."""
        template = self.graph.templates[reference >> TAG_BITS]
        return template.root if not template.pairs else None

    def expand(self, reference: int, variable: int) -> None:
        """See `NetAtRest`."""
        self.reduction.expand(reference >> TAG_BITS, variable)
        self.reduction.run()

    def run(self, a: int, b: int) -> None:
        """See `NetAtRest`."""
        link(self.graph, a, b)
        self.reduction.run()

    def new_variable(self) -> int:
        """See `NetAtRest`."""
        return self.graph.make_variable()

    def new_node(self, first: int, second: int) -> int:
        """See `NetAtRest`."""
        return self.graph.make_node(CON, first, second)

    def take_node(self, node: int) -> tuple[int, int]:
        """See `NetAtRest`."""
        return self.graph.take_node(node)

    def free_variable(self, variable: int) -> None:
        """See `NetAtRest`."""
        self.graph.free_slots.append(variable >> TAG_BITS)

    def resolved(self, port: int) -> int:
        """See `NetAtRest`."""
        return self.graph.follow(port)

    def root_variable(self) -> int:
        """See `NetAtRest`."""
        return ROOT

    def tree(self, place: int) -> net.Tree:
        """See `Machine`."""
        return read_tree(self.graph, self.read(place))
