"""Placing duplications in a term: each `let {first second} = value` goes as deep as both of its copies allow.

A duplication in a net has no place of its own; in a term it stands around the smallest part that holds all uses of its
copies (as the reference's linear readback does, spec 02 section 6). Values may use copies of duplications that come
before them in the list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest

from bend.hvm import result

Placed = tuple[tuple[str | None, str | None], result.Term]
"""The names of the copies, and the value."""


def place_duplications(term: result.Term, duplications: list[Placed]) -> result.Term:
    """The term with all duplications in it, in order. One without uses stands around the whole term."""
    tree = _Tree()
    root = tree.add(term)
    for (first, second), value in duplications:
        uses = [node for name in (first, second) if name is not None for node in tree.uses[name]]
        place = tree.common_ancestor(uses) if uses else root
        node = tree.insert(result.Duplication(first, second, value, result.Eraser()), place)
        if place == root:
            root = node
    return tree.term(root)


class _Tree:
    """A term whose parts know their parents and can be moved. Parts are numbers; `uses` are those of variables."""

    def __init__(self) -> None:
        self.terms: list[result.Term] = []
        self.parents: list[int] = []
        self.parts: list[list[int]] = []
        self.uses: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, term: result.Term, parent: int = -1) -> int:
        """Takes a term in, and gives its number; its parts get numbers too."""
        top = len(self.terms)
        todo = [(term, parent)]
        while todo:
            item, above = todo.pop()
            node = self.new(item, above)
            if above >= 0:
                self.parts[above].append(node)
            if isinstance(item, result.Variable):
                self.uses[item.name].append(node)
            todo += [(part, node) for part in reversed(result.children(item))]
        return top

    def new(self, term: result.Term, parent: int) -> int:
        """A part without parts of its own yet."""
        self.terms.append(term)
        self.parents.append(parent)
        self.parts.append([])
        return len(self.terms) - 1

    def insert(self, duplication: result.Duplication, place: int) -> int:
        """Puts a duplication around a part, and gives its number."""
        above = self.parents[place]
        node = self.new(duplication, above)
        if above >= 0:
            self.parts[above][self.parts[above].index(place)] = node
        self.parents[place] = node
        value = self.add(duplication.value)
        self.parents[value] = node
        self.parts[node] = [value, place]
        return node

    def common_ancestor(self, nodes: list[int]) -> int:
        """The smallest part that holds all of these."""
        ancestor = nodes[0]
        for node in nodes[1:]:
            ancestor = self._nearest(ancestor, node)
        return ancestor

    def _nearest(self, left: int, right: int) -> int:
        """The smallest part that holds both, found by climbing from both at once: the cost is the distance."""
        seen: set[int] = set()
        for pair in zip_longest(self._climb(left), self._climb(right)):
            for node in pair:
                if node is not None:
                    if node in seen:
                        return node
                    seen.add(node)
        raise AssertionError('parts of one term have an ancestor in common')

    def _climb(self, node: int) -> Iterator[int]:
        """A part and all that hold it, inside out."""
        while node >= 0:
            yield node
            node = self.parents[node]

    def term(self, root: int) -> result.Term:
        """The term of a part."""
        done: list[result.Term] = []
        todo: list[tuple[int, bool]] = [(root, False)]
        while todo:
            node, parts_done = todo.pop()
            count = len(self.parts[node])
            if parts_done:
                parts = done[len(done) - count:]
                del done[len(done) - count:]
                done.append(result.with_children(self.terms[node], parts))
            elif count:
                todo.append((node, True))
                todo += [(part, False) for part in reversed(self.parts[node])]
            else:
                done.append(self.terms[node])
        return done[0]
