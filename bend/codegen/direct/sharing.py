"""Which duplications may make work that nets would share: copies of functions that are made of such copies.

The direct engine does what stands in a function each time it is applied, nets what does not depend on the argument
once for all copies. That is a matter of constant factors, until functions are made of copies of functions, these of
copies of others, and so on, as deep as the run goes:

    go 0 f = f        go n f = (go (- n 1) λx (f (f x)))

Here an application of the result is 2^n applications, where nets may find that two of them make one of the same size.
A function *holds* what it takes from around it. A family is a set of functions that hold each other: an endless chain
of functions at run time is a cycle for `bend.desugar.flow`. Work may multiply where a duplication copies something that
holds a family, and either stands in code that the family's functions run, or gives at least two copies that come to be
held by them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from operator import or_

from bend.desugar import core
from bend.desugar.clones import Reach
from bend.desugar.flow import NOWHERE, Closure, Data, Flow, Partial, Value
from bend.hvm.walk import components
from bend.reached import reached

Item = Value | int
"""A value, or a place for what comes to it."""


def multiplying_definitions(book: core.Book) -> list[str]:
    """The definitions of a final book that have such duplications, in the order of the book."""
    flow = Flow(book)
    flow.solve()
    holding = _Holding(flow)
    found: set[str] = set()
    for family in holding.families():
        holders = holding.holders(family)
        copies = [number for number, copy in enumerate(flow.copies) if copy.pattern and copy.source in holders]
        reach = Reach(flow, copies)
        run = _union(reach.of(function.region) for function in family)
        kept = holding.sources(family)
        for number in copies:
            copy = flow.copies[number]
            if run & reach.bits[number] or sum(target in kept for target in copy.targets) > 1:
                found.add(copy.region.definition)
    return [name for name in book.defs if name in found]


class _Holding:
    """What holds what: a graph of the values and places that duplications copy, and all that these hold."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.items: dict[int, Item] = {}
        self.graph: dict[int, list[int]] = {}
        self.users: defaultdict[int, list[int]] = defaultdict(list)
        pending: list[Item] = [copy.source for copy in flow.copies if copy.source != NOWHERE]
        while pending:
            item = pending.pop()
            key = _key(item)
            if key not in self.graph:
                parts = self._parts(item)
                self.items[key] = item
                self.graph[key] = [_key(part) for part in parts]
                for part in self.graph[key]:
                    self.users[part].append(key)
                pending += parts

    def _parts(self, item: Item) -> Sequence[Item]:
        """What something holds at once."""
        match item:
            case int():
                return list(self.flow.members(self.flow.values[item]))
            case Closure():
                return list(item.region.captured)
            case Data():
                return item.fields
            case Partial(name, given):
                return self.flow.field_places(name)[:given]
            case _:
                return ()

    def families(self) -> list[list[Closure]]:
        """The functions of each cycle in the graph."""
        found = []
        for keys in components(self.graph):
            functions = [item for key in keys if isinstance(item := self.items[key], Closure)]
            # Functions and the places that they hold take turns, so that a cycle has at least two items.
            if functions and len(keys) > 1:
                found.append(functions)
        return found

    def holders(self, family: Sequence[Closure]) -> set[int]:
        """The keys of all that holds a family, however deep. Those of places are the places."""
        return reached([_key(function) for function in family], self.users.__getitem__)

    def sources(self, family: Sequence[Closure]) -> set[int]:
        """The places from which something may come to be held by a family."""
        flow = self.flow

        def before(place: int) -> list[int]:
            values = list(flow.members(flow.values[place]))
            held = [part for value in values for part in self._parts(value) if isinstance(part, int)]
            return [*self._incoming[place], *held]

        return reached([place for function in family for place in function.region.captured], before)

    @cached_property
    def _incoming(self) -> list[list[int]]:
        """The places from which edges lead to each place."""
        incoming: list[list[int]] = [[] for _ in self.flow.edges]
        for place, targets in enumerate(self.flow.edges):
            for target in targets:
                incoming[target].append(place)
        return incoming


def _union(sets: Iterable[int]) -> int:
    """The union of sets of bits."""
    return reduce(or_, sets, 0)


def _key(item: Item) -> int:
    """Places count from 0, everything else has its identity, which is larger."""
    return item if isinstance(item, int) else id(item)
