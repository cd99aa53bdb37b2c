"""Parallel marks (spec 02, section 4; spec 05, section 8): `&!` on recursive calls of which there are several."""

from __future__ import annotations

from collections import Counter

from bend.hvm import net
from bend.hvm.walk import components, references
from bend.records import replace


def mark_parallel(book: net.Book) -> net.Book:
    """The book with marks on the active pairs of a recursive function that call the same function of its cycle, where
    there are two or more."""
    graph = {name: references(definition) for name, definition in book.defs.items()}
    cycle_of = {name: number for number, members in enumerate(components(graph)) for name in members}
    return net.Book({name: _mark(definition, {callee for callee in graph[name]
                                              if cycle_of.get(callee) == cycle_of[name]})
                     for name, definition in book.defs.items()})


def _called(redex: net.Redex) -> list[str]:
    """The references on either side of the pair."""
    return [side.name for side in (redex.left, redex.right) if isinstance(side, net.Ref)]


def _mark(definition: net.Net, recursive: set[str]) -> net.Net:
    """Marks repeated calls of functions in `recursive`."""
    calls = Counter(name for redex in definition.redexes for name in _called(redex))
    marked = {name for name in recursive if calls[name] > 1}
    if not marked:
        return definition
    return net.Net(definition.root, tuple(
        replace(redex, parallel=redex.parallel or not marked.isdisjoint(_called(redex)))
        for redex in definition.redexes))
