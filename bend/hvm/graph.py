"""A net as ports that know their partners: what readback walks.

A port is `node * 3 + slot`; slot 0 is the principal one. Node 0 stands for the outside of the net, its port 0 is where
the root hangs.
"""

from __future__ import annotations

from bend.hvm import net

ROOT_PORT = 0


class PortGraph:
    """Kinds of the nodes (None for the outside and for ends without partner), the trees of those that are leaves or
    have labels, partners of the ports.

    `reduced` tells whether the net is a result or a definition as written. `outputs` are the ports in a
    definition from which results of what it has still to do come.
    """

    __slots__ = ('closed', 'kinds', 'leaves', 'outputs', 'owners', 'partners', 'reduced')

    def __init__(self, graphed: net.Net, *, reduced: bool) -> None:
        self.reduced = reduced
        self.kinds: list[type[net.Tree] | None] = []
        self.leaves: list[net.Tree | None] = []
        self.partners: list[int] = []
        self.owners: list[int] = []
        self._new_node(None)
        ends: dict[str, int] = {}
        self._hang(graphed.root, ROOT_PORT, ends)
        wires = []
        for redex in graphed.redexes:
            wire = self._new_node(None)
            wires.append(wire)
            self._hang(redex.left, wire * 3 + 1, ends)
            self._hang(redex.right, wire * 3 + 2, ends)
        self.outputs = set() if reduced else self._find_outputs(wires)
        for port in ends.values():
            self._link(port, self._new_node(None) * 3)
        self.closed = self._find_closed()
        for wire in wires:
            self._link(self.partners[wire * 3 + 1], self.partners[wire * 3 + 2])

    def is_function(self, node: int) -> bool:
        """Whether a `()` node seen from its principal port is a function: it is a pair when the tree at its first
        port is closed and not `*` (spec 02, section 6). Results that are still to come close a tree like its own
        parts, since no function binds them."""
        first = self.partners[node * 3 + 1]
        if first in self.outputs:
            return False
        if first % 3 != 0 or not self.closed[first // 3]:
            return True
        return self.kinds[first // 3] is net.Era or self._is_use(first)

    def is_dropped(self, port: int) -> bool:
        """Whether nothing comes of the variable that is bound at a port: whatever is done with it is dropped."""
        use = self.partners[port]
        if use % 3 != 0 or not self.closed[use // 3]:
            return False
        return self.kinds[use // 3] is net.Era or self._is_use(use)

    def _is_use(self, port: int) -> bool:
        """Whether a principal port belongs to what is done with a variable, and is no value: an operation, a switch, or
        a duplication with a label, since superpositions have none; or applications of which one of these is the
        last. That one whose result is dropped at once looks like a tuple that ends with `*`."""
        while port % 3 == 0 and self.kinds[port // 3] is net.Con:
            port = self.partners[port + 2]
        kind = self.kinds[port // 3]
        return port % 3 == 0 and (kind in (net.Opr, net.Swi) or (kind is net.Dup and self.label(port // 3) != 0))

    def reference(self, port: int) -> str | None:
        """The name of the reference that the port belongs to."""
        leaf = self.leaves[port // 3]
        return leaf.name if isinstance(leaf, net.Ref) else None

    def number(self, port: int) -> int | None:
        """The word of the number that the port belongs to."""
        leaf = self.leaves[port // 3]
        return leaf.word if isinstance(leaf, net.Num) else None

    def label(self, node: int) -> int:
        """The label of a node."""
        tree = self.leaves[node]
        return tree.label if isinstance(tree, net.Dup) else 0

    def _new_node(self, kind: type[net.Tree] | None, leaf: net.Tree | None = None, owner: int = -1) -> int:
        self.kinds.append(kind)
        self.leaves.append(leaf)
        self.owners.append(owner)
        self.partners += (-1, -1, -1)
        return len(self.kinds) - 1

    def _link(self, left: int, right: int) -> None:
        self.partners[left] = right
        self.partners[right] = left

    def _hang(self, tree: net.Tree, port: int, ends: dict[str, int]) -> None:
        """Adds a tree below a port; `ends` are the wires with one end so far."""
        todo = [(tree, port)]
        while todo:
            item, above = todo.pop()
            if isinstance(item, net.Var):
                other = ends.pop(item.name, None)
                if other is None:
                    ends[item.name] = above
                else:
                    self._link(above, other)
            elif isinstance(item, net.Binary):
                node = self._new_node(type(item), item if isinstance(item, net.Dup) else None, above // 3)
                self._link(above, node * 3)
                todo += [(item.second, node * 3 + 2), (item.first, node * 3 + 1)]
            else:
                self._link(above, self._new_node(type(item), item, above // 3) * 3)

    def _find_outputs(self, wires: list[int]) -> set[int]:
        """The ports from which results come: those of operations and switches, and of the applications in redexes.

        A redex has a value on one side, and on the other what is done with it, which ends in the result. The encoder
        puts that on the right where both are `()` nodes.
        """
        outputs = {node * 3 + 2 for node, kind in enumerate(self.kinds) if kind in (net.Opr, net.Swi)}
        for wire in wires:
            left, right = self.partners[wire * 3 + 1], self.partners[wire * 3 + 2]
            asked = right if self.kinds[left // 3] in (net.Con, net.Ref, net.Num) else left
            while asked % 3 == 0 and self.kinds[asked // 3] is net.Con:
                outputs.add(asked + 2)
                asked = self.partners[asked + 2]
        return outputs

    def _find_closed(self) -> list[bool]:
        """For each node whether no wire leaves the tree below it.

        Nodes are numbered in written order, so a tree is a range of numbers; it is closed when the wires from
        within end within.
        """
        count = len(self.kinds)
        last = list(range(count))
        low = list(range(count))
        high = list(range(count))
        for node in reversed(range(count)):
            for port in (node * 3 + 1, node * 3 + 2):
                partner = self.partners[port]
                if partner in self.outputs:
                    continue
                if partner >= 0 and partner % 3 != 0:
                    low[node] = min(low[node], partner // 3)
                    high[node] = max(high[node], partner // 3)
                elif partner >= 0 and self.kinds[partner // 3] is None:
                    low[node] = -1
            owner = self.owners[node]
            if owner >= 0:
                last[owner] = max(last[owner], last[node])
                low[owner] = min(low[owner], low[node])
                high[owner] = max(high[owner], high[node])
        return [low[node] >= node and high[node] <= last[node] for node in range(count)]
