"""Recursion-cycle check (spec 02, section 4): functions that call each other before anything is decided.

A reference is active where its definition meets a node as soon as the one around it is expanded: on a side of an active
pair, or reachable from the root through anything but the first port of a `()` node. A cycle of active references
expands without end.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from bend.diagnostics import Diagnostic, warning
from bend.hvm import net
from bend.hvm.walk import components

HINT = ("Such a call expands without end. Put it into a branch of an 'if', 'switch' or 'match' on an argument,\n"
        "or make sure that it waits for one; '-A recursion-cycle' turns this check off.")


def recursion_cycles(book: net.Book, shown: Callable[[str], str] = str) -> list[Diagnostic]:
    """A warning of kind recursion-cycle for each group of functions that call each other actively. `shown` gives the
    names under which users know definitions."""
    graph = {name: _active_references(definition) for name, definition in book.defs.items()}
    return [_finding(graph, members, shown) for members in components(graph)
            if len(members) > 1 or members[0] in graph[members[0]]]


def _finding(graph: dict[str, list[str]], members: list[str], shown: Callable[[str], str]) -> Diagnostic:
    path = _shortest_cycle(graph, set(members), min(members))
    names = [shown(name) for name in path]
    # Parts of one function that call each other are one function to the user.
    steps = [name for name, following in pairwise(names) if name != following]
    if not steps:
        message = f"The function '{names[0]}' calls itself before anything decides whether it should."
    else:
        message = f'Functions call each other in a cycle before anything is decided: {" -> ".join([*steps, steps[0]])}.'
    return warning('recursion-cycle', message, hint=HINT, definition=path[0])


def _shortest_cycle(graph: dict[str, list[str]], members: set[str], start: str) -> list[str]:
    """A shortest way from `start` back to it within the component (breadth first)."""
    before: dict[str, str] = {}
    frontier = [start]
    while start not in before:
        reached: list[str] = []
        for name in frontier:
            for target in graph[name]:
                if target in members and target not in before:
                    before[target] = name
                    reached.append(target)
        frontier = reached
    path = [start]
    name = before[start]
    while name != start:
        path.append(name)
        name = before[name]
    path.append(start)
    return path[::-1]


def _active_references(definition: net.Net) -> list[str]:
    """The definitions that are expanded together with this one."""
    found: dict[str, None] = {}
    todo: list[net.Tree] = [definition.root]
    while todo:
        tree = todo.pop()
        if isinstance(tree, net.Ref):
            found[tree.name] = None
        elif isinstance(tree, net.Con):
            todo.append(tree.second)
        elif isinstance(tree, net.Dup | net.Opr | net.Swi):
            todo += [tree.second, tree.first]
    for redex in definition.redexes:
        for side in (redex.left, redex.right):
            if isinstance(side, net.Ref):
                found[side.name] = None
    return list(found)
