"""Ways through nets that several net passes need. None of them recurses."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

from bend.hvm import net

K = TypeVar('K', bound=Hashable)


def net_trees(walked: net.Net) -> list[net.Tree]:
    """The root and both sides of every pair, in written order."""
    trees = [walked.root]
    for redex in walked.redexes:
        trees += [redex.left, redex.right]
    return trees


def subtrees(tree: net.Tree) -> Iterator[net.Tree]:
    """The tree and everything in it, in written order."""
    todo = [tree]
    while todo:
        item = todo.pop()
        yield item
        if isinstance(item, net.Binary):
            todo += [item.second, item.first]


def references(walked: net.Net) -> list[str]:
    """The names that a net refers to, in written order, each once."""
    return list(dict.fromkeys(item.name for tree in net_trees(walked) for item in subtrees(tree)
                              if isinstance(item, net.Ref)))


def map_leaves(walked: net.Net, replace: Callable[[net.Tree], net.Tree]) -> net.Net:
    """The net with every leaf replaced."""
    trees = [_map_tree(tree, replace) for tree in net_trees(walked)]
    redexes = tuple(net.Redex(trees[1 + 2 * index], trees[2 + 2 * index], redex.parallel)
                    for index, redex in enumerate(walked.redexes))
    return net.Net(trees[0], redexes)


def _map_tree(tree: net.Tree, replace: Callable[[net.Tree], net.Tree]) -> net.Tree:
    done: list[net.Tree] = []
    # A tuple holds a node whose children are done.
    todo: list[net.Tree | tuple[net.Binary]] = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple):
            second = done.pop()
            done.append(net.rebuilt(item[0], done.pop(), second))
        elif isinstance(item, net.Binary):
            todo += [(item,), item.second, item.first]
        else:
            done.append(replace(item))
    return done[0]


def components(graph: Mapping[K, Sequence[K]]) -> list[list[K]]:
    """The strongly connected components, each one after those that it leads to (Tarjan). Edges may lead out of the
    graph; those are ignored."""
    index: dict[K, int] = {}
    low: dict[K, int] = {}
    path: list[K] = []
    positions: dict[K, int] = {}
    found: list[list[K]] = []
    for start in graph:
        if start in index:
            continue
        todo: list[tuple[K, Iterator[K]]] = []
        entering: K | None = start
        while entering is not None or todo:
            if entering is not None:
                index[entering] = low[entering] = len(index)
                positions[entering] = len(path)
                path.append(entering)
                todo.append((entering, iter(graph[entering])))
                entering = None
            name, edges = todo[-1]
            for target in edges:
                if target not in graph:
                    continue
                if target not in index:
                    entering = target
                    break
                if target in positions:
                    low[name] = min(low[name], index[target])
            if entering is not None:
                continue
            todo.pop()
            if todo:
                parent = todo[-1][0]
                low[parent] = min(low[parent], low[name])
            if low[name] == index[name]:
                members = path[positions[name]:]
                del path[positions[name]:]
                for member in members:
                    del positions[member]
                found.append(members)
    return found
