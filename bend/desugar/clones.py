"""Which duplications may come to copy something with the same duplication inside (docs/architecture.md, Labels).

A function that is copied takes the duplications along that wait inside it for its argument. While all have labels of
their own, that is right, until one of them comes to copy a function that has the same one inside:

    let t = λf λx (f (f x)); (t t)      the duplication of f copies t, which has that duplication inside

What can be inside a function is found conservatively: all duplications of all code that it can reach, by name or
through the variables that it takes from around it. What comes to a duplication is told by `bend.desugar.flow`.
References to functions do not count when they are copied, as they stay folded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bend.desugar import core
from bend.desugar.flow import (
    ANYWHERE,
    SUPERPOSED,
    Closure,
    Copy,
    Data,
    Flow,
    Folded,
    Partial,
    Region,
    Value,
    has_duplication,
)
from bend.desugar.terms import subterms
from bend.diagnostics import Diagnostic, warning
from bend.hvm.walk import components
from bend.records import dataclass
from bend.source import Span

KIND = 'clones-cloning-function'

ANY_COPY = 1 << 0
"""There is a duplication inside."""

WILD_COPY = 1 << 1
"""There is a duplication with label 0 inside."""

Inside = Region | Value | int
"""What has something inside: code, a value, or what comes to a place."""


@dataclass(frozen=True, slots=True)
class Clones:
    """The duplications that need fresh labels, by identity of their patterns, and the warnings about them."""

    fresh: frozenset[int]
    warnings: tuple[Diagnostic, ...]


def find_clones(book: core.Book) -> Clones:
    """The duplications of a final book that may copy themselves. Variables must be linear."""
    flow = Flow(book)
    flow.solve()
    contents = _contents(flow)
    functions: dict[int, list[Closure]] = {}
    for number, copy in enumerate(flow.copies):
        found = list(dict.fromkeys(_functions(flow, copy.source, contents)))
        if found:
            functions[number] = found
    clashes: list[tuple[Closure | None, Copy]] = []
    if functions:
        reached = Reach(flow, list(functions))
        for number, found in functions.items():
            copy = flow.copies[number]
            wanted = ANY_COPY if copy.wild else reached.bits[number] | WILD_COPY
            clashes += [(function, copy) for function in found if reached.of(function.region) & wanted][:1]
    clashes += [(None, copy) for copy in _copied_arms(flow)]
    return Clones(frozenset(id(copy.pattern) for _, copy in clashes if copy.pattern is not None),
                  tuple(_warnings(clashes)))


# ---- what a duplication copies ---------------------------------------------------------------


def _contents(flow: Flow) -> dict[Data, dict[Closure, None]]:
    """The functions in data, however deep."""
    contents: dict[Data, dict[Closure, None]] = {}
    holders: defaultdict[Data, list[Data]] = defaultdict(list)
    data = [value for value in flow.known if isinstance(value, Data)]
    for value in data:
        contents[value] = {}
        for place in value.fields:
            for part in flow.members(flow.values[place]):
                if isinstance(part, Closure):
                    contents[value][part] = None
                elif isinstance(part, Data):
                    holders[part].append(value)
    todo = [value for value in data if contents[value]]
    while todo:
        part = todo.pop()
        for holder in holders[part]:
            if not contents[part].keys() <= contents[holder].keys():
                contents[holder].update(contents[part])
                todo.append(holder)
    return contents


def _functions(flow: Flow, place: int, contents: dict[Data, dict[Closure, None]]) -> Iterable[Closure]:
    """The functions, not folded, in what comes to a place."""
    for value in flow.members(flow.values[place]):
        if isinstance(value, Closure):
            yield value
        elif isinstance(value, Data):
            yield from contents[value]


def _copied_arms(flow: Flow) -> Iterable[Copy]:
    """Stands for the copying of the arms of matches on superpositions, where duplications are in them."""
    for place, term, region in flow.superposed:
        if flow.values[place] & SUPERPOSED and any(
                isinstance(part, core.Let) and isinstance(part.pattern, core.PDup) for part in subterms(term)):
            yield Copy(None, place, True, region)


# ---- what is inside --------------------------------------------------------------------------


class Reach:
    """Tells which of some duplications are in the code that something can reach. Each of them has a bit."""

    def __init__(self, flow: Flow, wanted: Sequence[int]) -> None:
        self.flow = flow
        self.bits = {number: 1 << place for place, number in enumerate(wanted, 2)}
        self.found: dict[int, int] = {}

    def of(self, region: Region) -> int:
        """The bits of what is in a function or can be reached from it."""
        if id(region) not in self.found:
            self._search(region)
        return self.found[id(region)]

    def _search(self, start: Region) -> None:
        """Finds the bits of everything reachable, the parts of cycles together."""
        items: dict[int, Inside] = {}
        graph: dict[int, list[int]] = {}
        todo: list[Inside] = [start]
        while todo:
            item = todo.pop()
            if inside_key(item) in graph or inside_key(item) in self.found:
                continue
            parts = inside_parts(self.flow, item)
            items[inside_key(item)] = item
            graph[inside_key(item)] = [inside_key(part) for part in parts]
            todo += parts
        for members in components(graph):
            bits = 0
            for key in members:
                bits |= self._own(items[key])
                for part in graph[key]:
                    bits |= self.found.get(part, 0)
            self.found.update(dict.fromkeys(members, bits))

    def _own(self, item: Inside) -> int:
        """The bits of what stands directly in something."""
        bits = 0
        if isinstance(item, Region):
            for number in item.copies:
                copy = self.flow.copies[number]
                bits |= ANY_COPY | self.bits.get(number, 0) | (WILD_COPY if copy.wild else 0)
            if any(name in self.flow.book.nets and has_duplication(self.flow.book.nets[name].net)
                   for name in item.mentions):
                bits |= ANY_COPY | WILD_COPY
        return bits


def inside_parts(flow: Flow, item: Inside) -> list[Inside]:
    """What can be reached from something in one step."""
    match item:
        case Region():
            mentioned = [flow.regions.get(name, ANYWHERE) for name in item.mentions]
            return [*item.parts, *mentioned, *item.captured]
        case int():
            return list(flow.members(flow.values[item]))
        case Closure():
            return [item.region]
        case Folded():
            return [flow.regions[item.name]]
        case Data():
            return list(item.fields)
        case Partial():
            return list(flow.field_places(item.constructor))


def inside_key(item: Inside) -> int:
    """Places count from 0, everything else has its identity, which is larger."""
    return item if isinstance(item, int) else id(item)


# ---- warnings --------------------------------------------------------------------------------


def _warnings(clashes: list[tuple[Closure | None, Copy]]) -> Iterable[Diagnostic]:
    """One for each function that is copied."""
    seen: set[tuple[str, Span | None]] = set()
    for function, copy in clashes:
        region = copy.region if function is None else function.region
        if (region.definition, region.span) not in seen:
            seen.add((region.definition, region.span))
            yield _warning(region)


def _warning(region: Region) -> Diagnostic:
    return warning(
        KIND, 'A function that copies a variable is copied itself and may meet its copies: the result may be wrong.',
        region.span, label='this function',
        hint='Make it a definition that takes all it needs as arguments, and pass it on by its name: names are always '
             'copied rightly.',
        definition=region.definition)
