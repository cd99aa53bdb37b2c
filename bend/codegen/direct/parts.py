"""Large programs in several modules, which threads compile side by side.

Functions that run seldom are a module of their own, compiled quickly. The others are spread evenly, but for calls that
LLVM may replace by what they call: these stay in one module, so that the code is as good as that of one module.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.emit_llvm import CpuModule
from bend.codegen.llvm_module import FunctionText
from bend.records import dataclass

LEAST_LINES = 4000
"""The lines of LLVM's text that are worth a module of their own."""
INLINED_LINES = 80
"""The lines of a function, with what is always inlined into it, up to which LLVM may inline it anywhere."""


@dataclass(frozen=True, slots=True)
class Part:
    """The text of a module, and whether all in it runs seldom."""

    text: str
    seldom: bool = False


def parts_of(module: lir.Module, most: int, dispatching: Collection[str]) -> list[Part]:
    """A module in parts: one if it is small, else that of what runs seldom and `most` others at most, but one.
    `dispatching` are functions that call one of many, which is no reason to have these in one part."""
    emitter = CpuModule(module)
    texts = _needed(emitter, [function for function in module.functions if not function.extern])
    graph = _Graph(texts)
    often = [name for name in graph.nodes if not texts[name].function.seldom]
    seldom = [name for name in graph.nodes if texts[name].function.seldom]
    count = min(most, sum(map(graph.lines, often)) // LEAST_LINES)
    if count < 2 and sum(map(graph.lines, seldom)) < LEAST_LINES:
        return [Part(emitter.assembled(list(texts.values())))]
    groups = _spread(graph, _components(graph, often, dispatching), max(count, 1))
    homes = {name: number for number, group in enumerate((seldom, *groups)) for name in group}
    exported = {callee for name, home in homes.items() for callee in graph.callees[name] if homes[callee] != home}

    def part(names: Sequence[str]) -> str:
        together = dict.fromkeys(names)
        for name in names:
            together.update(dict.fromkeys(graph.always[name]))
        return emitter.assembled([texts[name] for name in together], exported)

    return [*(Part(part(group)) for group in groups), *([Part(part(seldom), True)] if seldom else [])]


def _needed(emitter: CpuModule, functions: Iterable[lir.Function]) -> dict[str, FunctionText]:
    """The texts of functions, without those of inlined ones that nothing calls."""
    by_name = {function.name: function for function in functions}
    pending = [name for name, function in by_name.items() if function.inline != 'always']
    texts: dict[str, FunctionText] = {}
    while pending:
        name = pending.pop()
        if name not in texts and name in by_name:
            texts[name] = emitter.text_of(by_name[name])
            pending += texts[name].calls
    return {name: texts[name] for name in by_name if name in texts}


class _Graph:
    """Which functions call which, where those that are always inlined belong to who calls them. `always` are these,
    `callees` what is called otherwise, of each of the others."""

    def __init__(self, texts: Mapping[str, FunctionText]) -> None:
        self.texts = texts
        self.nodes = [name for name, text in texts.items() if text.function.inline != 'always']
        self.always: dict[str, list[str]] = {}
        self.callees: dict[str, list[str]] = {}
        self._lines: dict[str, int] = {}
        for name in self.nodes:
            self.always[name], self.callees[name] = self.called(name)

    def called(self, name: str) -> tuple[list[str], list[str]]:
        """What a function calls that is always inlined, at any depth, and what it calls otherwise."""
        always: dict[str, None] = {}
        others: dict[str, None] = {}
        pending = list(self.texts[name].calls)
        while pending:
            callee = pending.pop()
            if callee not in self.texts or callee in always:
                continue
            if self.texts[callee].function.inline == 'always':
                always[callee] = None
                pending += self.texts[callee].calls
            else:
                others[callee] = None
        return list(always), list(others)

    def lines(self, name: str) -> int:
        """The lines of a function with what is always inlined into it."""
        if name not in self._lines:
            text = self.texts[name]
            self._lines[name] = len(text.lines)
            self._lines[name] += sum(
                count * self.lines(callee) for callee, count in text.calls.items()
                if callee in self.texts and self.texts[callee].function.inline == 'always')
        return self._lines[name]


def _components(graph: _Graph, names: Sequence[str], dispatching: Collection[str]) -> list[list[str]]:
    """Functions grouped by calls that LLVM may inline: those of small functions, and of such that one other calls."""
    leaders = {name: name for name in names}

    def leader(name: str) -> str:
        while leaders[name] != name:
            leaders[name] = leaders[leaders[name]]
            name = leaders[name]
        return name

    callers = Counter(callee for name in names for callee in graph.callees[name])
    for name in names:
        for callee in graph.callees[name]:
            is_only = callers[callee] == 1 and name not in dispatching
            if callee in leaders and (is_only or graph.lines(callee) <= INLINED_LINES):
                leaders[leader(callee)] = leader(name)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(leader(name), []).append(name)
    return list(groups.values())


def _spread(graph: _Graph, components: Iterable[list[str]], count: int) -> list[list[str]]:
    """So many groups of about the same size."""
    sized = sorted(((sum(map(graph.lines, component)), component) for component in components), reverse=True)
    heap: list[tuple[int, int]] = [(0, number) for number in range(count)]
    groups: list[list[str]] = [[] for _ in range(count)]
    for size, component in sized:
        total, number = heap[0]
        groups[number] += component
        heapq.heapreplace(heap, (total + size, number))
    return [group for group in groups if group]
