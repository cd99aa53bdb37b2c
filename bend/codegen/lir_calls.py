"""Whom the functions of a module call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from bend.codegen import lir
from bend.codegen.lir_walk import calls_in, expressions_in, statements_of
from bend.reached import reached


def expressions_of(function: lir.Function) -> Iterator[lir.Expr]:
    """All expressions of a function, each before its parts."""
    for statement in statements_of(function.body):
        yield from expressions_in(statement)


def callees_of(function: lir.Function) -> tuple[str, ...]:
    """The functions that a function calls, each once, in source order."""
    return tuple(dict.fromkeys(call.function for call in calls_in(function.body)))


def call_graph(module: lir.Module) -> dict[str, tuple[str, ...]]:
    """Whom each function of a module calls."""
    return {function.name: callees_of(function) for function in module.functions}


def reachable(module: lir.Module, roots: Iterable[str]) -> lir.Module:
    """The module with the functions that the roots reach, and of the data what these use. Raises KeyError for a root
    that it does not have."""
    functions = {function.name: function for function in module.functions}
    found = reached(roots, lambda name: callees_of(functions[name]))
    kept = tuple(function for function in module.functions if function.name in found)
    used = {expr.name for function in kept for expr in expressions_of(function) if isinstance(expr, lir.GlobalAddress)}
    return dataclasses.replace(module, functions=kept,
                               globals=tuple(item for item in module.globals if item.name in used))


def recursion(module: lir.Module) -> tuple[str, ...] | None:
    """Functions that call each other in a ring, the first one called by the last one; None if nothing recurs."""
    graph = call_graph(module)
    done: set[str] = set()
    for start in graph:
        ring = _ring(graph.__getitem__, start, done)
        if ring is not None:
            return ring
    return None


def _ring(callees: Callable[[str], tuple[str, ...]], start: str, done: set[str]) -> tuple[str, ...] | None:
    """The first ring that a walk in depth from a function meets. What it leaves goes into `done`."""
    if start in done:
        return None
    path: dict[str, Iterator[str]] = {start: iter(callees(start))}
    while path:
        name = next(reversed(path))
        following = next(path[name], None)
        if following is None:
            done.add(name)
            del path[name]
        elif following in path:
            names = list(path)
            return tuple(names[names.index(following):])
        elif following not in done:
            path[following] = iter(callees(following))
    return None
