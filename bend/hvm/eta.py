"""Eta reduction of nets (spec 02, section 4): two nodes of one kind joined port by port become a wire.

`(x y) ... (x y)` becomes `x ... x`, and `(* *)` becomes `*`; the same for `{}`. Children are reduced first, so whole
trees of one shape on both sides vanish.

Every position of the net in written order has a number. A variable knows the distance to its other end; the ports of a
node may vanish when both are variables of the same distance and a node of the same kind lies at that distance from
the node itself: then that one is made of the other ends.
"""

from __future__ import annotations

from bend.hvm import net
from bend.records import dataclass


@dataclass(frozen=True, slots=True)
class _Close:
    """Both children of the node at a position are reduced."""

    node: net.Binary
    position: int


def eta_reduce(reduced: net.Net) -> net.Net:
    """The net without pairs of nodes that only take apart and rebuild."""
    trees = [reduced.root]
    for redex in reduced.redexes:
        trees += [redex.left, redex.right]
    kinds, distances = _survey(trees)
    trees = _reduce(trees, kinds, distances)
    redexes = tuple(net.Redex(trees[1 + 2 * index], trees[2 + 2 * index], redex.parallel)
                    for index, redex in enumerate(reduced.redexes))
    return net.Net(trees[0], redexes)


def _survey(trees: list[net.Tree]) -> tuple[list[type[net.Tree]], dict[int, int]]:
    """The kind at every position, and for those of variables the distance to the other end."""
    kinds: list[type[net.Tree]] = []
    distances: dict[int, int] = {}
    first_ends: dict[str, int] = {}
    todo = trees[::-1]
    while todo:
        tree = todo.pop()
        position = len(kinds)
        kinds.append(type(tree))
        if isinstance(tree, net.Var):
            other = first_ends.setdefault(tree.name, position)
            if other != position:
                distances[other] = position - other
                distances[position] = other - position
        elif isinstance(tree, net.Binary):
            todo += [tree.second, tree.first]
    return kinds, distances


def _reduce(trees: list[net.Tree], kinds: list[type[net.Tree]], distances: dict[int, int]) -> list[net.Tree]:
    """The reduced trees. Beside each one stands its distance, where it is a variable."""
    done: list[tuple[net.Tree, int | None]] = []
    todo: list[net.Tree | _Close] = list(reversed(trees))
    position = 0
    while todo:
        item = todo.pop()
        if isinstance(item, _Close):
            second, second_distance = done.pop()
            first, first_distance = done.pop()
            if not isinstance(item.node, net.Con | net.Dup):
                done.append((net.rebuilt(item.node, first, second), None))
            elif isinstance(first, net.Era) and isinstance(second, net.Era):
                done.append((first, None))
            elif (first_distance is not None and first_distance == second_distance
                  and kinds[item.position + first_distance] is type(item.node)):
                done.append((first, first_distance))
            else:
                done.append((net.rebuilt(item.node, first, second), None))
            continue
        if isinstance(item, net.Binary):
            todo += [_Close(item, position), item.second, item.first]
        else:
            done.append((item, distances.get(position)))
        position += 1
    return [tree for tree, _ in done]
