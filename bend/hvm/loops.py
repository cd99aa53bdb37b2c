"""Loops in hand-written nets: wires that lead back to themselves, and expansions that go on for ever.

    @main = a & a ~ b & c ~ (c b)       c leads into the node that it comes from: a vicious cycle
    @loop = a & @loop ~ (1 a)           each copy of @loop makes another one, whatever happens elsewhere
"""

from __future__ import annotations

from collections.abc import Mapping

from bend.diagnostics import Diagnostic, Label, error
from bend.hvm import net
from bend.hvm.safety import unsafe_definitions
from bend.hvm.text import BookText
from bend.hvm.walk import subtrees
from bend.records import replace

_CYCLE_HINT = 'Nothing can ever reach such a loop. Join one of its ends with something else, or take it away.'
_EXPANSION_HINT = ('An active pair of a reference and a node is expanded at once. Put the reference where it waits:\n'
                   'into the arm of a switch, or bare into a node.')


def check_loops(text: BookText) -> list[Diagnostic]:
    """An error for each vicious cycle, and one if the program is certain never to end."""
    findings = []
    for name, definition in text.book.defs.items():
        variable = vicious_cycle(definition)
        if variable is not None:
            spans = text.variables[name][variable]
            labels = (Label(spans[0]), Label(spans[1], 'leads back to here'))
            findings.append(Diagnostic('vicious-cycle', f'The wire `{variable}` leads back to where it comes from.',
                                       labels, _CYCLE_HINT, definition=name))
    return findings + endless_expansion(text)


# ---- vicious cycles --------------------------------------------------------------------------


def vicious_cycle(definition: net.Net) -> str | None:
    """A wire of a cycle in which each tree waits for what comes out of the next one; None if there is none."""
    joined: dict[str, str] = {}
    waiting: list[tuple[str, net.Tree]] = []
    for redex in definition.redexes:
        left, right = redex.left, redex.right
        if isinstance(right, net.Var):
            left, right = right, left
        if isinstance(left, net.Var):
            if not isinstance(right, net.Var):
                waiting.append((left.name, right))
            elif _join(joined, left.name, right.name):
                return left.name
    return _waiting_cycle(joined, waiting)


def _join(joined: dict[str, str], first: str, second: str) -> bool:
    """Makes two wires one; whether they were one already."""
    first, second = _whole(joined, first), _whole(joined, second)
    if first == second:
        return True
    joined[first] = second
    return False


def _whole(joined: Mapping[str, str], name: str) -> str:
    """The name that stands for all parts of a wire."""
    while name in joined:
        name = joined[name]
    return name


def _waiting_cycle(joined: Mapping[str, str], waiting: list[tuple[str, net.Tree]]) -> str | None:
    """As `vicious_cycle`, for trees that wait for a wire."""
    inside: dict[str, str] = {}
    for name, tree in waiting:
        for leaf in subtrees(tree):
            if isinstance(leaf, net.Var):
                inside[_whole(joined, leaf.name)] = _whole(joined, name)
    names = {_whole(joined, name): name for name, _ in waiting}
    seen: set[str] = set()
    for start in names:
        path: list[str] = []
        wire: str | None = start
        while wire is not None and wire in names and wire not in seen:
            seen.add(wire)
            path.append(wire)
            wire = inside.get(wire)
        if wire in path:
            return names[wire] if wire is not None else None
    return None


# ---- expansions without end ------------------------------------------------------------------


def endless_expansion(text: BookText) -> list[Diagnostic]:
    """An error if `@main` is certain to expand a definition that is certain to expand itself."""
    book = text.book
    unsafe = unsafe_definitions(book)
    following = {name: _expanded_with(definition, unsafe) for name, definition in book.defs.items()}
    # Depth first: `path` leads from main to what is looked at, `ways` holds what is left to look at of each.
    path = {'main': None}
    ways = [iter(following['main'])]
    seen = {'main'}
    while ways:
        name = next(ways[-1], None)
        if name is None:
            ways.pop()
            path.popitem()
        elif name in path:
            names = list(path)
            return [_endless(names[names.index(name):], text)]
        elif name not in seen:
            seen.add(name)
            path[name] = None
            ways.append(iter(following[name]))
    return []


def _expanded_with(definition: net.Net, unsafe: set[str]) -> list[str]:
    """The definitions that meet a node in an active pair of this one, so that they are expanded whenever it is."""
    found: dict[str, None] = {}
    for redex in definition.redexes:
        for side, other in ((redex.left, redex.right), (redex.right, redex.left)):
            if (isinstance(side, net.Ref) and isinstance(other, net.Binary)
                    and (side.name in unsafe or not isinstance(other, net.Dup))):
                found[side.name] = None
    return list(found)


def _endless(cycle: list[str], text: BookText) -> Diagnostic:
    names = ' -> '.join(f'`@{name}`' for name in [*cycle, cycle[0]])
    message = (f'The expansion of `@{cycle[0]}` never ends: it always expands itself again.' if len(cycle) == 1 else
               f'The expansion of `@{cycle[0]}` never ends: {names}.')
    finding = error('recursion-cycle', message, text.names[cycle[0]], hint=_EXPANSION_HINT, definition=cycle[0])
    return replace(finding, labels=(*finding.labels, *(Label(text.names[name], 'through this') for name in cycle[1:4])))
